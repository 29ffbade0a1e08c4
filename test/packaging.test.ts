import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { listed } from '../src/setting.ts'
import { settings } from '../src/settings.ts'
import { freePorts } from './support/ports.ts'

const run = promisify(execFile)
const known = new Set(listed(settings).flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name])))
const read = (file: string) => readFileSync(`packaging/${file}`, 'utf8')

interface Service {
  user?: string
  volumes?: string[]
  read_only?: boolean
  cap_drop?: string[]
  environment: Record<string, string>
  secrets?: string[]
  depends_on?: Record<string, unknown> | string[]
}
interface Compose {
  services: Record<string, Service>
  secrets: Record<string, unknown>
  volumes: Record<string, unknown>
}
const composed = (file: string): Compose => {
  // mocha reads its own settings by this library.
  const yaml = createRequire(createRequire(import.meta.url).resolve('mocha'))('js-yaml')
  return yaml.load(read(file)) as Compose
}

describe('packaging', function () {
  this.timeout(300_000)

  it('sets only settings that there are', () => {
    const files = readdirSync('packaging').map(name => [name, read(name)] as const)
    const wrong = files.flatMap(([name, text]) =>
      [...text.matchAll(/\bLATCHKEY_[A-Z_]+/g)]
        .filter(([each]) => !known.has(each))
        .map(([each]) => `${name}: ${each}`),
    )
    expect(wrong).to.deep.equal([])
  })

  for (const file of ['compose.yaml', 'compose.cluster.yaml'])
    it(`has a compose file that holds together, and Latchkeys that may do little (${file})`, () => {
      const { services, secrets } = composed(file)
      const latchkeys = Object.entries(services).filter(([name]) => name.startsWith('latchkey'))
      expect(latchkeys).to.have.lengthOf(file === 'compose.yaml' ? 1 : 2)
      for (const [, { read_only, cap_drop }] of latchkeys) expect([read_only, cap_drop]).to.deep.equal([true, ['ALL']])
      for (const { secrets: used = [], depends_on = [], environment = {} } of Object.values(services)) {
        expect(Object.keys(secrets)).to.include.members(used)
        expect(Object.keys(services)).to.include.members(
          Array.isArray(depends_on) ? depends_on : Object.keys(depends_on),
        )
        for (const [name, value] of Object.entries(environment))
          if (name.endsWith('_FILE') && name !== 'LATCHKEY_AUDIT_FILE')
            expect(used.map(each => `/run/secrets/${each}`)).to.include(value)
      }
    })

  const unit = read('latchkey.service')
  const [, made = ''] = /^RUN mkdir -m 1777 (.+)$/m.exec(read('Dockerfile')) ?? []

  for (const file of ['compose.yaml', 'compose.cluster.yaml'])
    it(`writes nowhere but on volumes that whoever it runs as may write to (${file})`, () => {
      const { services, volumes } = composed(file)
      for (const [name, { environment, volumes: mounted = [] }] of Object.entries(services)) {
        if (!name.startsWith('latchkey')) continue
        const { LATCHKEY_AUDIT_FILE: events = '', LATCHKEY_BACKUP: backup } = environment
        const folders = [dirname(events), ...(backup ? [/^folder=([^,]+)/.exec(backup)?.[1] ?? ''] : [])]
        for (const folder of folders) {
          const mount = mounted.find(each => `${folder}/`.startsWith(`${each.split(':')[1]}/`)) ?? expect.fail(folder)
          const [volume = '', at, mode] = mount.split(':')
          // A new volume takes over the mode of the folder in the image; any other folder is of root alone.
          expect([Object.hasOwn(volumes, volume), made.split(' ').includes(at ?? ''), mode]).to.deep.equal([
            ...[true, true, undefined],
          ])
        }
      }
    })

  it('keeps the file of events where the unit may write, and rotates that one without a signal', () => {
    const [, folder] = /^Environment=LATCHKEY_AUDIT_FILE=%L\/(\w+)\/events\.ndjson$/m.exec(unit) ?? []
    // logrotate leaves alone what is in a folder that others than its owner may write to.
    expect(unit).to.match(new RegExp(`^LogsDirectory=${folder}\nLogsDirectoryMode=0700$`, 'm'))
    const sample = read('latchkey.logrotate').replace(/^#.*\n/gm, '')
    expect(sample).to.include(`/var/log/${folder}/events.ndjson {`).and.include('nocreate').and.include('delaycompress')
    // Either would lose what is written meanwhile, or needs a signal that there is no use for.
    expect(sample).to.not.match(/copytruncate|postrotate/)
    expect(readFileSync('docs/events.md', 'utf8')).to.include(`\`\`\`\n${sample}\`\`\``)
  })

  it('has a unit that starts the server itself, so that a reload reaches it', () => {
    expect(unit).to.include('ExecReload=/bin/kill -HUP $MAINPID').and.include('ExecStart=/opt/latchkey/latchkey serve')
  })

  if (existsSync('/usr/bin/systemd-analyze'))
    it('has a unit that systemd understands', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-unit-'))
      try {
        const file = join(folder, 'latchkey.service')
        writeFileSync(file, unit.replaceAll('/opt/latchkey', process.cwd()))
        const { stderr } = await run('systemd-analyze', ['verify', '--man=no', file])
        expect(stderr.split('\n').filter(line => line.includes('latchkey'))).to.deep.equal([])
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  else console.log('  skipped: what systemd says of the unit, because there is no systemd-analyze')

  it('has proxies that let nobody claim an address or a certificate', () => {
    const [nginx, caddy] = [read('nginx.conf'), read('Caddyfile')]
    for (const server of nginx.split(/^server \{/m).filter(each => each.includes('proxy_pass'))) {
      expect(server)
        .to.include('proxy_set_header X-Forwarded-For $remote_addr;')
        .and.not.include('proxy_add_x_forwarded_for')
      expect(server).to.match(/proxy_set_header Client-Cert (""|\$ssl_client_escaped_cert);/)
    }
    for (const [text, open, close] of [
      [nginx, '{', '}'],
      [caddy, '{', '}'],
    ] as const)
      expect(text.split(open).length, 'braces').to.equal(text.split(close).length)
    expect(caddy).to.include('header_up -Client-Cert').and.include('certificate_der_base64')
  })

  describe('Dockerfile', () => {
    const steps = read('Dockerfile').replaceAll('\\\n', '').split('\n')
    const of = (word: string) =>
      steps.filter(each => each.startsWith(`${word} `)).map(each => each.slice(word.length + 1))

    it('ends as nobody in particular, with a health check', () => {
      expect(of('USER')).to.deep.equal(['10001:10001'])
      expect(of('HEALTHCHECK')).to.have.lengthOf(1)
      expect(steps.findIndex(each => each.startsWith('USER '))).to.be.above(
        steps.findLastIndex(each => each.startsWith('RUN ')),
      )
    })

    it('copies what is there, and what its ignore file lets through', () => {
      const let_ = read('Dockerfile.dockerignore')
        .split('\n')
        .filter(each => each.startsWith('!'))
        .map(each => each.slice(1))
      const sources = of('COPY')
        .filter(each => !each.startsWith('--from'))
        .flatMap(each => each.split(' ').slice(0, -1))
      expect(sources).to.have.length.above(5)
      for (const each of sources) {
        expect(existsSync(each), each).to.equal(true)
        expect(let_).to.include(each)
      }
    })

    it('makes a folder from which a server starts as anybody, with under 100 MB of packages', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'latchkey-image-'))
      const stop: (() => void)[] = []
      try {
        // What `npm ci --omit=dev` leaves of the packages that are here: those that the lock file does not call development's own.
        const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
          packages: Record<string, { dev?: boolean }>
        }
        for (const [path, { dev }] of Object.entries(packages)) {
          if (path === '' || dev || !existsSync(path)) continue
          mkdirSync(dirname(join(folder, path)), { recursive: true })
          cpSync(path, join(folder, path), {
            recursive: true,
            filter: each => each === path || !each.slice(path.length + 1).startsWith('node_modules'),
          })
        }
        const [, removing = ''] = of('RUN')
        expect(removing).to.match(/^rm -rf node_modules\//)
        execFileSync('sh', ['-c', removing], { cwd: folder })
        const [size = ''] = execFileSync('du', ['-sm', join(folder, 'node_modules')], { encoding: 'utf8' }).split('\t')
        expect(Number(size)).to.be.within(10, 100)
        for (const step of of('COPY')
          .filter(each => !each.startsWith('--from'))
          .slice(1)) {
          const words = step.split(' ')
          for (const each of words.slice(0, -1)) cpSync(each, join(folder, each), { recursive: true })
        }
        const [, , folders = ''] = of('RUN')
        execFileSync('sh', ['-c', folders.replaceAll(' /', ` ${folder}/`).replace('mkdir', 'mkdir -p')])
        const { LATCHKEY_AUDIT_FILE: events = '' } = composed('compose.yaml').services.latchkey?.environment ?? {}
        // The image's own Node is the first on PATH.
        mkdirSync(join(folder, 'bin'))
        symlinkSync(process.execPath, join(folder, 'bin/node'))
        const [port = 0] = await freePorts(1)
        const env = {
          ...{ PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, LATCHKEY_ISSUER: `http://localhost:${port}` },
          ...{
            LATCHKEY_STORE: `sqlite:${folder}/data/latchkey.db`,
            LATCHKEY_CLIENTS: join(process.cwd(), 'clients.json'),
            LATCHKEY_AUDIT_FILE: join(folder, events),
          },
        }
        const server = spawn(join(folder, 'latchkey'), ['serve'], {
          cwd: folder,
          env,
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        stop.push(() => server.kill('SIGKILL'))
        let said = ''
        for await (const chunk of server.stdout) {
          said += chunk
          if (said.includes('listening on')) break
        }
        const health =
          /"(fetch\(.*\))"\]/.exec(of('HEALTHCHECK')[0] ?? '')?.[1]?.replace('127.0.0.1:3000', `localhost:${port}`) ??
          ''
        await run(process.execPath, ['-e', health])
        while (!existsSync(join(folder, events)) || !readFileSync(join(folder, events), 'utf8').includes('\n'))
          await wait(50)
        server.kill('SIGTERM')
        await once(server, 'exit')
        expect(server.exitCode).to.equal(0)
        const sick = await run(process.execPath, ['-e', health]).catch(fault => fault)
        expect(sick).to.have.property('code', 1)
      } finally {
        for (const each of stop) each()
        rmSync(folder, { recursive: true })
      }
    })
  })
})
