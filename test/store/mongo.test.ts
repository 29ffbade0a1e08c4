import { openStore } from '../../src/store/open.ts'
import { dropMongo, freshMongo } from '../support/store.ts'
import { contract } from './contract.ts'

contract('MongoDB', async now => {
  const url = freshMongo() as string
  const store = await openStore(url, { now, sweep: false })
  return { ...store, close: () => store.close().then(() => dropMongo(url)) }
})
