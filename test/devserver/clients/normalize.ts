// Makes a client's output about two servers comparable: replaces ids, addresses and times by names.
// Ids are numbered in order of appearance, so that the same id in two places gets the same name.

export class Normalizer {
  readonly #ids = new Map<bigint, string>()

  text(printed: string): string {
    return (
      printed
        .split('\n')
        // Drops etcdctl's own log, which has times and channel ids.
        .filter((line) => !line.startsWith('{"level"'))
        .join('\n')
        .replaceAll(/https?:\/\/127\.0\.0\.1:\d+|127\.0\.0\.1:\d+/g, 'ADDRESS')
        .replaceAll(/(took = |took: ?|"took":")[\d.]+(?:m|n|Â?µ)?s/g, '$1TIME')
        .replaceAll(/remaining\(\d+s\)/g, 'remaining(LEFT)')
        .replaceAll(/"ttl":\d+/g, '"ttl":LEFT')
        .replaceAll(/"(raft_term|raftTerm|RaftTerm)"( ?: ?)\d+/g, '"$1"$2TERM')
        // The order of keys is that of a hash table.
        .replaceAll(/keys\(\[([^\]]*)\]\)/g, (_, keys: string) => {
          return `keys([${keys.split(' ').sort().join(' ')}])`
        })
        // Ids are decimal in fields and JSON; elsewhere hexadecimal, with or without leading zeros.
        .replaceAll(/(" ?: ?)(\d{12,20})\b/g, (_, before: string, id: string) => {
          return before + this.#name(BigInt(id))
        })
        .replaceAll(/\b[0-9a-f]{12,16}\b/g, (id) => this.#name(BigInt(`0x${id}`)))
    )
  }

  #name(id: bigint): string {
    const known = this.#ids.get(id)
    if (known !== undefined) return known
    const name = `ID${String(this.#ids.size + 1)}`
    this.#ids.set(id, name)
    return name
  }
}
