/**
 * A line of a CSV file (RFC 4180). A field that a spreadsheet would take for a formula is led by an apostrophe: whoever
 * wrote it may be a stranger, by the name of their browser, say.
 */
export function csvLine(fields: readonly string[]): string {
  return `${fields.map(field => `"${plain(field).replaceAll('"', '""')}"`).join(',')}\r\n`
}

function plain(field: string): string {
  return /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(field) ? `'${field}` : field
}
