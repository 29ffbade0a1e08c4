import type { Worker } from 'node:cluster'
import { expect } from 'chai'
import { type Figures, metrics } from '../src/observers/metrics.ts'
import { adding } from '../src/scrapes.ts'

describe('the figures of several workers', () => {
  type Told = { wanted?: number; scraped?: number; text?: string }
  const now = 1_767_225_600_000
  const line = (text: string, start: string) => text.split('\n').find(each => each.startsWith(start))
  const closed = 'latchkey_events_total{event="limit.closed",level="warning"}'

  /** A worker with figures of its own, that answers unless told not to. */
  const worker = (id: number, sum: ReturnType<typeof adding>, all: () => readonly Worker[]) => {
    const own = metrics()
    const texts: string[] = []
    let answers = true
    const event = { name: 'limit.closed', level: 'warning', at: 0, data: { limit: 'mail.box' }, origin: {} } as const
    const it = {
      id,
      isConnected: () => true,
      send: async ({ wanted, text }: Told) => {
        if (text !== undefined) texts.push(text)
        if (wanted === undefined || !answers) return
        // A copy, as a message to another process is.
        const figures = JSON.parse(JSON.stringify(await own.figures()))
        await sum.hear(made, { figures, answers: wanted }, all)
      },
    }
    const made = it as unknown as Worker
    return {
      made,
      own,
      count: () => own.observer.observe(event),
      hang: () => {
        answers = false
      },
      scrape: async () => {
        await sum.hear(made, { scrape: 0 }, all)
        return texts.at(-1) ?? ''
      },
    }
  }
  /** Resolves to the figures of a worker whose event loop was so many seconds late. */
  const lagging = async (seconds: number): Promise<Figures> => {
    const figures = JSON.parse(JSON.stringify(await metrics().figures()))
    for (const { name, values } of figures) if (name.startsWith('nodejs_eventloop_lag_p')) values[0].value = seconds
    return figures
  }
  const two = () => {
    const sum = adding({ startedAt: now, patience: 400 })
    const all = () => [one.made, other.made]
    const one = worker(1, sum, all)
    const other = worker(2, sum, all)
    return { sum, one, other }
  }

  it('adds up what was counted, and takes of what is measured what makes sense', async () => {
    const { one, other } = two()
    one.count()
    other.count()
    other.count()
    one.own.answered({ method: 'GET', path: '/', status: 200, took: 1 })
    other.own.answered({ method: 'GET', path: '/', status: 200, took: 1 })
    one.own.backedUp(now)
    one.own.overdue([{ channel: 'sms', since: 5_000 }])
    other.own.overdue([{ channel: 'sms', since: 3_000 }])
    one.own.queue('hashing', () => 2)
    other.own.queue('hashing', () => 1)
    const text = await one.scrape()
    const request = 'latchkey_request_duration_seconds_count{method="GET",route="/",status="2xx"}'
    expect(line(text, closed)).to.match(/ 3$/)
    expect(line(text, request)).to.match(/ 2$/)
    expect(line(text, 'latchkey_backup_last_success_timestamp_seconds ')).to.match(/ 1767225600$/)
    expect(line(text, 'latchkey_outbox_overdue_seconds{channel="sms"}')).to.match(/ 5$/)
    expect(line(text, 'latchkey_hashing_waiting ')).to.match(/ 3$/)
    expect(line(text, 'latchkey_workers{state="answering"}')).to.match(/ 2$/)
    expect(line(text, 'process_start_time_seconds ')).to.match(/ 1767225600$/)
    expect(Number(line(text, 'nodejs_eventloop_lag_max_seconds ')?.split(' ')[1])).to.be.within(0, 60)
  })

  it('takes the worst percentiles of the lag of event loops', async () => {
    const sum = adding({ startedAt: now })
    const texts: string[] = []
    const told = await Promise.all([0.2, 0.7].map(lag => lagging(lag)))
    const all = () => made
    const made = told.map((figures, at) => {
      const send = async ({ wanted, text }: Told) => {
        if (text !== undefined) texts.push(text)
        if (wanted !== undefined) await sum.hear(made[at] as Worker, { figures, answers: wanted }, all)
      }
      return { id: at + 1, isConnected: () => true, send } as unknown as Worker
    })
    await sum.hear(made[0] as Worker, { scrape: 0 }, all)
    for (const each of ['p50', 'p90', 'p99'])
      expect(line(texts[0] ?? '', `nodejs_eventloop_lag_${each}_seconds `)).to.match(/ 0\.7$/)
  })

  it('waits for nobody for long: of a worker that hangs, what it told before counts', async () => {
    const { one, other } = two()
    other.count()
    await one.scrape()
    other.count()
    other.hang()
    const text = await one.scrape()
    expect(line(text, closed)).to.match(/ 1$/)
    expect(line(text, 'latchkey_workers{state="silent"}')).to.match(/ 1$/)
  })

  it('keeps what was counted of workers that have ended, and nothing that was measured', async () => {
    const { sum, one, other } = two()
    other.count()
    other.own.queue('hashing', () => 7)
    await one.scrape()
    other.hang()
    sum.left(other.made)
    sum.died()
    one.count()
    const text = await one.scrape()
    expect(line(text, closed)).to.match(/ 2$/)
    expect(text).to.not.match(/^latchkey_hashing_waiting 7/m)
    expect(line(text, 'latchkey_worker_deaths_total ')).to.match(/ 1$/)
  })

  it('waits no longer for a worker that ends meanwhile', async () => {
    const sum = adding({ startedAt: now, patience: 3_600_000 })
    const all = () => [one.made, other.made]
    const one = worker(1, sum, all)
    const other = worker(2, sum, all)
    other.hang()
    const scraped = one.scrape()
    await new Promise(resolve => setImmediate(resolve))
    sum.left(other.made)
    expect(line(await scraped, 'latchkey_workers{state="answering"}')).to.match(/ [12]$/)
  })
})
