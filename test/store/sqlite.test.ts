import { openStore } from '../../src/store/open.ts'
import { contract } from './contract.ts'

contract('the embedded engine', now => openStore('sqlite::memory:', { now, sweep: false }))
