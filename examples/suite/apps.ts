/** What makes one relying party differ from its sisters; everything else they share. */
export interface Declaration {
  /** Names its client in clients.json, its views, its phrases, its colour and its cookies. */
  id: 'trading' | 'staking' | 'wallet' | 'card'
  name: string
  /** The file beside this one that holds its private key (RFC 7523), where it authenticates with one. */
  key?: string
}

/** The four relying parties, in the order of their ports. */
export const apps: readonly Declaration[] = [
  {
    id: 'trading',
    name: 'Trading',
  },
  {
    id: 'staking',
    name: 'Staking',
    key: 'staking.key.json',
  },
  {
    id: 'wallet',
    name: 'Wallet',
  },
  {
    id: 'card',
    name: 'Card',
  },
]
