import Foundation

/// `kvsh-bench [ceilings|kernels]`: the machine's ceilings and each kernel beside them, as lines of CSV.
///
/// KVSH_KERNELS leaves one instruction set; without it all that the processor runs are measured.
@main
enum BenchProgram {
  static func main() {
    let words = CommandLine.arguments.dropFirst()
    let name = ProcessInfo.processInfo.environment["KVSH_KERNELS"]
    let sets = BenchSet.available(name)
    guard words.allSatisfy({ ["ceilings", "kernels"].contains($0) }), !sets.isEmpty else {
      let reason =
        sets.isEmpty ? "KVSH_KERNELS=\(name ?? "") names no instruction set of this processor" : "unknown word"
      FileHandle.standardError.write(Data("kvsh-bench: \(reason)\nusage: kvsh-bench [ceilings] [kernels]\n".utf8))
      exit(2)
    }
    print(BenchRow.header)
    for set in sets {
      let rows =
        (words.isEmpty || words.contains("ceilings") ? CeilingBench(set: set).rows() : [])
        + (words.isEmpty || words.contains("kernels") ? KernelBench(set: set).rows() : [])
      for row in rows { print(row.line) }
    }
  }
}
