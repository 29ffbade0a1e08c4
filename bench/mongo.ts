import mongoose from 'mongoose'

/** Says what serves a database: an emulator tells of no commit that it was built from, and MongoDB does. */
export async function serverOf(url: string): Promise<string> {
  const connection = await mongoose.createConnection(url).asPromise()
  const build = await connection.db?.admin().command({ buildInfo: 1 })
  await connection.close()
  if (build?.gitVersion) return `a server of version ${build.version}, by its own account`
  return `an emulator of MongoDB ${build?.version}, not MongoDB: what its writes cost, and whether they last, is not MongoDB's`
}
