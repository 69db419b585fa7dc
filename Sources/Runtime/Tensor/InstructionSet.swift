import CIntrinsics
import Foundation
import KernelABI
import KernelsBase

#if arch(x86_64)
  import KernelsV3
  import KernelsV4
#endif

/// The instruction sets kvsh has kernels for, best first.
public enum InstructionSet: String, CaseIterable, Sendable {
  /// AVX-512 with VNNI.
  case v4
  /// AVX2, FMA and F16C.
  case v3
  /// What every processor of the architecture has.
  case base

  /// The environment variable that overrides the choice, for tests.
  public static let environmentVariable = "KVSH_KERNELS"

  var level: Int {
    switch self {
    case .v4: 4
    case .v3: 3
    case .base: 0
    }
  }

  var table: KernelTable {
    #if arch(x86_64)
      switch self {
      case .v4: KernelsV4.Kernels.table
      case .v3: KernelsV3.Kernels.table
      case .base: KernelsBase.Kernels.table
      }
    #else
      KernelsBase.Kernels.table
    #endif
  }

  /// The sets this processor runs, best first.
  public static var available: [InstructionSet] {
    #if arch(x86_64)
      allCases.filter { $0.level <= Int(kv_processor_level()) }
    #else
      [.base]
    #endif
  }

  /// The best set of this processor, or the one that `KVSH_KERNELS` names.
  ///
  /// - Throws: `RuntimeProblem` K601 if the variable names no set, or one that this processor lacks.
  public static func chosen(environment: [String: String] = ProcessInfo.processInfo.environment) throws
    -> InstructionSet
  {
    let available = available
    guard let name = environment[environmentVariable], !name.isEmpty else { return available.first ?? .base }
    guard let set = InstructionSet(rawValue: name), available.contains(set) else {
      throw RuntimeProblem(
        "K601", seen: "\(environmentVariable)=\(name) names no instruction set of this processor",
        expected: available.map(\.rawValue).joined(separator: ", "), suggestion: "unset \(environmentVariable)")
    }
    return set
  }
}
