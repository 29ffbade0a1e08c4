import confusables from './confusables.json' with { type: 'json' }

const looks: ReadonlyMap<string, string> = new Map(
  Object.entries(confusables.looks).flatMap(([shown, sources]) => [...sources].map(source => [source, shown] as const)),
)

/** Small capitals, which Unicode's table keeps apart from the letters that they are read as. */
const small: ReadonlyMap<string, string> = new Map(
  [...'ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ'].map((each, at) => [each, 'abcdefghijklmnopqrstuvwyz'.charAt(at)]),
)

/**
 * Returns what names that people take for the same have in common: the skeleton of UTS #39, 4, without regard to blanks, punctuation,
 * marks and case. A letter can look like another in one case only (`I` like `l`), so a name has several.
 */
export function skeletons(name: string): Set<string> {
  const plain = [...name.normalize('NFKC')].map(each => small.get(each) ?? each).join('')
  const bare = plain.replace(/[^\p{L}\p{N}\p{M}]/gu, '')
  const spellings = [plain, bare].flatMap(each => [each, each.toLowerCase(), each.toUpperCase()])
  return new Set(spellings.map(each => skeleton(skeleton(each).toLowerCase())).filter(each => each !== ''))
}

/** Do people take one name for another? */
export function alike(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return [...one].some(each => other.has(each))
}

function skeleton(text: string): string {
  const mapped = [...text.normalize('NFD')].map(each => looks.get(each) ?? each).join('')
  return mapped.normalize('NFD').replace(/[^\p{L}\p{N}]/gu, '')
}
