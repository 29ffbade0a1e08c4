/** What makes one relying party differ from its sisters; everything else they share. */
export interface Declaration {
  /** Names its client in clients.json, its views, its colour and its cookies. */
  id: 'trading' | 'staking' | 'wallet' | 'card'
  name: string
  /** The heading for somebody who is not signed in. */
  motto: string
  /** What there is to see once signed in. */
  pitch: string
  /** The file beside this one that holds its private key (RFC 7523), where it authenticates with one. */
  key?: string
}

/** The four relying parties, in the order of their ports. */
export const apps: readonly Declaration[] = [
  {
    id: 'trading',
    name: 'Trading',
    motto: 'See the market before you move',
    pitch: 'Where the price has been, and what the order book holds.',
  },
  {
    id: 'staking',
    name: 'Staking',
    motto: 'Coins at rest, rewards on time',
    pitch: 'What is staked, what it has earned, and when it can leave.',
    key: 'staking.key.json',
  },
  {
    id: 'wallet',
    name: 'Wallet',
    motto: 'All that you hold, in one place',
    pitch: 'Your balances, and what they come to.',
  },
  {
    id: 'card',
    name: 'Card',
    motto: 'Spend coins where coins are not taken',
    pitch: 'What the card has paid, what is still pending, and what is left this month.',
  },
]
