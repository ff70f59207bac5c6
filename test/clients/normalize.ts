// Makes what a client prints about two servers comparable: ids, addresses, times and sizes get names.
// Ids are numbered as they appear, so that one id in two places stays one.

export class Normalizer {
  readonly #ids = new Map<string, string>()

  text(printed: string): string {
    return (
      printed
        .split('\n')
        // etcdctl's own log, with its times and channels.
        .filter((line) => !line.startsWith('{"level"'))
        .join('\n')
        .replaceAll(/https?:\/\/127\.0\.0\.1:\d+|127\.0\.0\.1:\d+/g, 'ADDRESS')
        .replaceAll(/(took = |took: ?|"took":")[\d.]+[mµn]?s/g, '$1TIME')
        .replaceAll(/remaining\(\d+s\)/g, 'remaining(LEFT)')
        .replaceAll(/"ttl":\d+/g, '"ttl":LEFT')
        .replaceAll(/"(raft_term|raftTerm|RaftTerm)"( ?: ?)\d+/g, '"$1"$2TERM')
        .replaceAll(/\b(?:[0-9a-f]{15,16}|\d{15,20})\b/g, (id) => this.#name(id))
    )
  }

  /** Hexadecimal or decimal, it is the same id. */
  #name(id: string): string {
    const canonical = /^\d{17,}$/.test(id) ? BigInt(id).toString(16) : id
    const known = this.#ids.get(canonical)
    if (known !== undefined) return known
    const name = `ID${String(this.#ids.size + 1)}`
    this.#ids.set(canonical, name)
    return name
  }
}
