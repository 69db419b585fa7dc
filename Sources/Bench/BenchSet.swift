import CIntrinsics
import KernelABI
import KernelsBase

#if arch(x86_64)
  import KernelsV3
  import KernelsV4
#endif

/// One instruction set's kernels and the loops that give its ceilings.
struct BenchSet: Sendable {
  let table: KernelTable
  let read: @Sendable (UnsafeRawPointer, Int) -> UInt64
  let multiplyAddFloats: @Sendable (Int, Float, Float) -> Float
  let dotBytes: @Sendable (Int, UnsafeRawPointer) -> Int32
  let floatOperations: Int
  let byteOperations: Int

  /// The sets this processor runs, best first; `name` leaves one of them.
  static func available(_ name: String?) -> [BenchSet] {
    var sets: [BenchSet] = []
    #if arch(x86_64)
      if kv_processor_level() >= 4 { sets.append(v4) }
      if kv_processor_level() >= 3 { sets.append(v3) }
    #endif
    sets.append(base)
    guard let name, !name.isEmpty else { return sets }
    return sets.filter { $0.table.name == name }
  }

  private static let base = BenchSet(
    table: KernelsBase.Kernels.table, read: KernelsBase.Ceilings.read,
    multiplyAddFloats: KernelsBase.Ceilings.multiplyAddFloats, dotBytes: KernelsBase.Ceilings.dotBytes,
    floatOperations: KernelsBase.Ceilings.floatOperations, byteOperations: KernelsBase.Ceilings.byteOperations)

  #if arch(x86_64)
    private static let v3 = BenchSet(
      table: KernelsV3.Kernels.table, read: KernelsV3.Ceilings.read,
      multiplyAddFloats: KernelsV3.Ceilings.multiplyAddFloats, dotBytes: KernelsV3.Ceilings.dotBytes,
      floatOperations: KernelsV3.Ceilings.floatOperations, byteOperations: KernelsV3.Ceilings.byteOperations)
    private static let v4 = BenchSet(
      table: KernelsV4.Kernels.table, read: KernelsV4.Ceilings.read,
      multiplyAddFloats: KernelsV4.Ceilings.multiplyAddFloats, dotBytes: KernelsV4.Ceilings.dotBytes,
      floatOperations: KernelsV4.Ceilings.floatOperations, byteOperations: KernelsV4.Ceilings.byteOperations)
  #endif
}
