import Foundation

/// What the machine can do at most: bytes from memory, float multiply-adds, byte dot products.
struct CeilingBench {
  let set: BenchSet

  func rows() -> [BenchRow] { [1, 2].flatMap { [bandwidth($0), floats($0), bytes($0)] } }

  private func bandwidth(_ threads: Int) -> BenchRow {
    // Far more than any cache, each thread a part of its own.
    let part = 128 << 20
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: part * threads, alignment: 64)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 3)
    let address = UInt(bitPattern: memory.baseAddress)
    let read = set.read
    let seconds = BenchTiming.leastSeconds(threads: threads) { thread in
      UnsafeRawPointer(bitPattern: address + UInt(thread * part)).map { read($0, part) } ?? 0
    }
    return BenchRow(
      set: set.table.name, what: "read memory", threads: threads,
      gigabytesPerSecond: Double(part * threads) / seconds / 1e9)
  }

  private func floats(_ threads: Int) -> BenchRow {
    let rounds = 2_000_000
    let run = set.multiplyAddFloats
    let seconds = BenchTiming.leastSeconds(threads: threads) { thread in
      UInt64(run(rounds, 0.5 + Float(thread) * 1e-3, 0.25).bitPattern)
    }
    return BenchRow(
      set: set.table.name, what: "float32 multiply-add", threads: threads,
      gigaoperationsPerSecond: Double(rounds * set.floatOperations * threads) / seconds / 1e9)
  }

  private func bytes(_ threads: Int) -> BenchRow {
    let rounds = 1_000_000
    let run = set.dotBytes
    let seconds = BenchTiming.leastSeconds(threads: threads) { thread in
      let weights = [UInt8](repeating: UInt8(7 + thread), count: 768)
      return weights.withUnsafeBytes { source in
        source.baseAddress.map { UInt64(bitPattern: Int64(run(rounds, $0))) } ?? 0
      }
    }
    return BenchRow(
      set: set.table.name, what: "int8 dot product", threads: threads,
      gigaoperationsPerSecond: Double(rounds * set.byteOperations * threads) / seconds / 1e9)
  }
}
