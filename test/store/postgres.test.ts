import { openStore } from '../../src/store/open.ts'
import { dropPostgres, freshPostgres } from '../support/store.ts'
import { contract } from './contract.ts'

const url = freshPostgres()
if (url === undefined) console.log('  skipped: the store on PostgreSQL, because LATCHKEY_TEST_POSTGRES names no server')
else {
  contract('PostgreSQL', async now => {
    const fresh = freshPostgres() as string
    const store = await openStore(fresh, { now, sweep: false })
    return { ...store, close: () => store.close().then(() => dropPostgres(fresh)) }
  })
}
