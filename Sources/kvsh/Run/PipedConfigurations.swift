import Lang
import Runtime

extension Call {
  /// The configurations that came through the pipe, the uncompressed baseline first, nothing twice.
  ///
  /// - Parameter baseline: whether to add the baseline to configurations; without any it stands alone.
  /// - Parameter takesChoice: whether one `compress auto` may come too; its own configurations are not among these.
  /// - Throws: `Problem` K302 if something else came through the pipe, K666 for a choice.
  func configurations(baseline: Bool, takesChoice: Bool = false) throws -> [Compressor] {
    var all: [Compressor] = baseline ? [.none] : []
    let choices = input.choices.count
    guard takesChoice || choices == 0 else {
      throw AutoChoice.notHere("a configuration for `\(signature.name)`", at: inputSpan ?? span)
    }
    guard choices <= 1 else {
      throw AutoChoice.notHere("a fixed configuration beside another choice", at: inputSpan ?? span)
    }
    if let own = try pipedConfigurations() {
      all += own
    } else if all.isEmpty {
      all = [.none]
    }
    var seen: Set<String> = []
    return all.filter { seen.insert($0.specification).inserted }
  }

  /// What came through the pipe as it came; nil if nothing did.
  ///
  /// - Throws: `Problem` K302 if it is something else than configurations, or none.
  func pipedConfigurations() throws -> [Compressor]? {
    guard input.type != .nil else { return nil }
    guard let own = input.configurations, !own.isEmpty || input.choice != nil else {
      throw Problem(
        "K302",
        seen: "`\(signature.name)` was given "
          + (input.type.name == "list" ? "a list without configurations" : input.type.name),
        expected: "configurations of `compress`", labels: [.init(inputSpan ?? span)])
    }
    return own
  }

  /// The configurations that the parameter `method` of a command names: a method with its parameters, or a list of values.
  ///
  /// - Throws: `Problem` K300..., K302 if something else was given.
  func chosenConfigurations(among cards: [MethodCard]) throws -> [Compressor] {
    if let entry = entry("method") {
      guard entry.name != AutoChoice.name else { throw AutoChoice.notHere("a method", at: span(of: "method")) }
      let given = entry.parameters.filter { isGiven($0.name) }.map { ($0.name, values($0.name)) }
      do {
        return try Sweep.configurations(entry.name, given, among: cards)
      } catch let problem as RuntimeProblem {
        throw Problem(problem, at: Sweep.blamed(problem, among: given.map(\.0)).map(span(of:)) ?? span)
      }
    }
    guard try value("method").choice == nil else { throw AutoChoice.notHere("a method", at: span(of: "method")) }
    guard let compressors = try value("method").configurations, !compressors.isEmpty else {
      throw Problem(
        "K302", seen: "`\(signature.name)` was given \(try value("method").type.name)",
        expected: "a method, or a list of method values such as [kivi(bits=2), h2o(budget=512)]",
        labels: [.init(span(of: "method"))])
    }
    return compressors
  }
}
