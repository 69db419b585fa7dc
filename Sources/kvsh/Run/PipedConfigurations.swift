import Lang
import Runtime

extension Call {
  /// The configurations that came through the pipe, the uncompressed baseline first, nothing twice.
  ///
  /// - Parameter baseline: whether to add the baseline to configurations; without any it stands alone.
  /// - Throws: `Problem` K302 if something else came through the pipe.
  func configurations(baseline: Bool) throws -> [Compressor] {
    var all: [Compressor] = baseline ? [.none] : []
    if input.type != .nil {
      guard let own = input.configurations, !own.isEmpty else {
        throw Problem(
          "K302",
          seen: "`\(signature.name)` was given "
            + (input.type.name == "list" ? "a list without configurations" : input.type.name),
          expected: "configurations of `compress`", labels: [.init(inputSpan ?? span)])
      }
      all += own
    } else if all.isEmpty {
      all = [.none]
    }
    var seen: Set<String> = []
    return all.filter { seen.insert($0.specification).inserted }
  }
}
