import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { signUp, somebody } from '../support/people.ts'
import { alerts } from './alerts.ts'
import { metricsToken } from './ground.ts'
import { pageOf } from './pages.ts'
import { recipe } from './recipe.ts'

const rules = 'prometheus-rules.yaml'

/** Every query of the dashboard, as Grafana asks it. */
function asked(): string[] {
  const { panels } = JSON.parse(readFileSync('packaging/grafana-dashboard.json', 'utf8')) as {
    panels: { targets?: { expr: string }[] }[]
  }
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  return queries.map(each => each.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m'))
}

/** The alerts as files of `promtool test rules`, by how often the rules are looked at: in each case nothing fires but what should. */
function alertTests(rules: string): string[] {
  const cases = Object.entries(alerts).flatMap(([name, { fires, calm }]) => [{ ...fires, name }, calm])
  const tests = Map.groupBy(cases, ({ interval }) => interval ?? '1m')
  return [...tests].map(([interval, same]) =>
    // JSON is YAML.
    JSON.stringify({
      rule_files: [rules],
      evaluation_interval: interval === '1m' ? '30s' : interval,
      tests: same.map(each => ({
        interval,
        input_series: Object.entries(each.series).map(([series, values]) => ({ series, values })),
        alert_rule_test: Object.keys(alerts).map(alertname => ({
          eval_time: each.at,
          alertname,
          exp_alerts:
            'name' in each && each.name === alertname
              ? [{ exp_labels: each.labels, exp_annotations: { summary: each.summary } }]
              : [],
        })),
      })),
    }),
  )
}

describe('monitoring', () => {
  const environment = (_: unknown, place: string) => ({
    ...{ PATH: `${place}/root/usr/bin:${process.env.PATH}`, LATCHKEY_METRICS_TOKEN: metricsToken },
  })

  recipe('prometheus', { kind: 'debian', needs: ['bash', 'curl'], environment }, async app => {
    const { latchkey, place, url } = app
    const bash = (command: string) => ['bash', '-euo', 'pipefail', '-c', command]
    const [, block = ''] = /^```sh\n([\s\S]*?)^```$/m.exec(readFileSync(pageOf(app.name), 'utf8')) ?? []
    const [installs, ...commands] = app
      .moved(app.name, block)
      .replaceAll('/opt/latchkey', process.cwd())
      .trim()
      .split('\n')
    expect(installs).to.equal(`apt-get install ${readFileSync(`${place}/packages.txt`, 'utf8').trim()}`)
    const starts = commands.pop() ?? ''
    // So that nobody has to wait for it.
    const configuration = readFileSync(`${place}/prometheus.yaml`, 'utf8')
    writeFileSync(`${place}/prometheus.yaml`, configuration.replaceAll('15s', '1s'))
    const person = somebody()
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`), 'sms')
    for (const each of commands) {
      const said = await app.begin(bash(each)).ended()
      if (each.includes('check rules')) expect(said).to.include(`SUCCESS: ${Object.keys(alerts).length} rules found`)
    }

    for (const [at, text] of alertTests(rules).entries()) {
      writeFileSync(`${place}/alerts-${at}.yaml`, text)
      await app.begin(['promtool', 'test', 'rules', `alerts-${at}.yaml`]).ended()
    }

    await app.serve(bash(`exec ${starts}`))
    while ((await fetch(`${url}/-/ready`)).status !== 200) await wait(100)
    const ask = async (path: string, parameters: Record<string, string> = {}) => {
      const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
      const { data, error } = (await answer.json()) as { data: unknown; error?: string }
      expect(answer.status, `${error} ${JSON.stringify(parameters)}`).to.equal(200)
      return data
    }
    const found = async (query: string) => ((await ask('query', { query })) as { result: unknown[] }).result
    while ((await found('latchkey_events_total{job="latchkey"} > 0')).length === 0) await wait(100)
    for (const query of asked()) {
      const series = await found(query)
      // A rate takes two scrapes, and workers are there only where there are several.
      if (!/\[|latchkey_workers|backup/.test(query)) expect(series, query).to.not.deep.equal([])
    }
    const instances = await ask('label/instance/values', { 'match[]': 'latchkey_events_total' })
    expect(instances).to.deep.equal([new URL(latchkey.issuer).host])

    type Read = { groups: { rules: { name: string; health: string; lastError?: string }[] }[] }
    const read = async () => ((await ask('rules')) as Read).groups.flatMap(group => group.rules)
    while ((await read()).some(({ health }) => health === 'unknown')) await wait(100)
    expect((await read()).filter(({ health }) => health !== 'ok')).to.deep.equal([])
    expect((await read()).map(({ name }) => name).sort()).to.deep.equal(Object.keys(alerts).sort())
  })
})
