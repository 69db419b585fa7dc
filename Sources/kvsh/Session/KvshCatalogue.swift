import Foundation
import Lang
import Runtime

/// The names kvsh knows: methods with their presets, data sets, measurements, plots.
struct KvshCatalogue: Catalogue {
  let home: String
  var policies = PolicyRegistry()

  /// The methods of kvsh and the session's policies.
  var cards: [MethodCard] { Compressors.all + policies.cards }

  var policyInputs: [Parameter] { PolicyInputs.all }
  var policyKind: String { "method" }
  func policyEntry(_ outline: PolicyOutline) -> NameEntry? { NameEntry(policies.card(outline)) }
  func problems(of outline: PolicyOutline) -> [Problem] { PolicyRegistry.problems(outline) }
  func define(_ policy: PolicyDefinition) { policies.define(policy) }

  var kinds: [String] { ["method", "dataset", "measurement", "prediction", "training", "routing", "plot"] }

  func entries(of kind: String) -> [NameEntry] {
    switch kind {
    case "method": Self.methods + policies.cards.map { NameEntry($0) } + [AutoChoice.entry]
    case "dataset": Self.datasets + registered
    case "measurement": Measurements.all.map(\.entry)
    case "prediction": Predictions.all.map(\.entry)
    case "training": Trainings.all.map(\.entry)
    case "routing": RoutePolicies.entries
    case "plot": PlotKinds.all.map(\.accepting)
    default: []
    }
  }

  func isCallable(_ kind: String) -> Bool { kind == "method" }
  func madeType(of kind: String) -> ValueType { kind == "method" ? .object("config") : .any }

  func make(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) throws -> Value {
    guard entry.name != AutoChoice.name else { throw AutoChoice.notHere("a method", at: arguments.span) }
    let sweeps = try sweep(entry, arguments)
    return .object(ConfigurationValue(compressors: sweeps))
  }

  func validate(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) -> [Problem] {
    guard kind == "method", entry.name != AutoChoice.name else { return [] }
    do {
      // What a file says is no matter of the line, and an earlier line may be about to write it.
      _ = try sweep(entry, arguments, readsTexts: false)
      return []
    } catch let problem as Problem {
      return [problem]
    } catch {
      return []
    }
  }

  /// Methods that follow each other must answer different questions; a `compress` whose method is not known yet is left
  /// to the run.
  func validate(_ stages: [StageSummary]) -> [Problem] {
    var problems: [Problem] = []
    var before: (compressors: [Compressor], span: Span)?
    for stage in stages where stage.command == "compress" {
      guard stage.chosen.count == 1, let (entry, kind, arguments) = stage.chosen.first, kind == "method", let arguments,
        let own = try? sweep(entry, arguments, readsTexts: false)
      else {
        before = nil
        continue
      }
      guard let earlier = before else {
        before = (own, stage.span)
        continue
      }
      do {
        before = (try earlier.compressors.flatMap { first in try own.map { try first.composed(with: $0) } }, stage.span)
      } catch let problem as RuntimeProblem {
        problems.append(ComposedProblem.placed(problem, at: stage.span, after: earlier.span))
        before = nil
      } catch {
        before = nil
      }
    }
    return problems
  }

  /// One configuration for every combination of the listed values.
  private func sweep(
    _ entry: NameEntry, _ arguments: EntryArguments, readsTexts: Bool = true
  ) throws -> [Compressor] {
    let given = entry.parameters.compactMap { parameter -> (String, [Value])? in
      // Defaults come along too; the method has its own, and only what was written is a choice.
      guard arguments.spans[parameter.name] != nil, let value = arguments.values[parameter.name], value.type != .nil
      else { return nil }
      if case .list(let values) = value { return (parameter.name, values) }
      return (parameter.name, [value])
    }
    do {
      return try Sweep.configurations(entry.name, given, among: cards, readsTexts: readsTexts)
    } catch let problem as RuntimeProblem {
      let named = Sweep.blamed(problem, among: given.map(\.0))
      throw Problem(problem, at: named.flatMap { arguments.spans[$0] } ?? arguments.span)
    }
  }

  private static let methods: [NameEntry] = Compressors.all.flatMap { card in
    [NameEntry(card)] + card.presets.map { NameEntry(card, preset: $0) }
  }

  private static let datasets: [NameEntry] = Datasets.all.map { NameEntry($0.card, name: $0.card.name) }

  /// Files that the user registered under names of their own.
  private var registered: [NameEntry] {
    let entries = (try? DatasetRegistry(home: home).entries()) ?? []
    return entries.compactMap { entry in
      guard !Datasets.all.contains(where: { $0.card.name == entry.name }),
        let card = Datasets.all.first(where: { $0.card.name == entry.dataset })?.card
      else { return nil }
      return NameEntry(card, name: entry.name)
    }
  }
}

/// Lists given to a method's parameters are a sweep: every combination, the last parameter varying fastest.
enum Sweep {
  /// - Parameter readsTexts: whether files that parameters name are read; if not, they stand for empty ones.
  /// - Throws: `RuntimeProblem` K300 to K304 (method and parameters), K504 (a text).
  static func configurations(
    _ method: String, _ given: [(String, [Value])], among cards: [MethodCard] = Compressors.all, readsTexts: Bool = true
  ) throws -> [Compressor] {
    let card = cards.first { $0.name == method.prefix { $0 != "/" } }
    let numbers = (card?.parameters ?? []).filter { if case .float = $0.kind { true } else { false } }.map(\.name)
    let texts = (card?.parameters ?? []).filter { $0.kind == .text }.map(\.name)
    var combinations: [[String: ParameterValue]] = [[:]]
    for (name, values) in given {
      combinations = try combinations.flatMap { combination in
        try values.map { value in
          var extended = combination
          if texts.contains(name), case .string(let path) = value {
            extended[name] = .text(try NamedText(path: path, of: name, isRead: readsTexts))
          } else {
            extended[name] = try ParameterValue(value, of: name, method: method, asNumber: numbers.contains(name))
          }
          return extended
        }
      }
    }
    return try combinations.map { try Compressor(method, $0, among: cards) }
  }

  /// The given parameter that a problem's sentence names first.
  static func blamed(_ problem: RuntimeProblem, among given: [String]) -> String? {
    let places = given.compactMap { name in problem.seen.range(of: name + "=").map { ($0.lowerBound, name) } }
    return places.min { $0.0 < $1.0 }?.1
  }
}

extension NamedText {
  /// - Throws: `RuntimeProblem` K504.
  fileprivate init(path: String, of parameter: String, isRead: Bool) throws {
    do {
      let content = isRead ? try TextFile.read(path) : ""
      self.init(path: path, content: content, digest: FileDigest.sha256(content))
    } catch let problem as RuntimeProblem {
      throw RuntimeProblem(
        problem.code, seen: problem.seen.replacing("the file \(path)", with: "\(parameter)=\(path)"),
        expected: problem.expected, suggestion: problem.suggestion)
    }
  }
}

extension ParameterValue {
  /// - Parameter asNumber: a share is a fraction, not a budget.
  fileprivate init(_ value: Value, of name: String, method: String, asNumber: Bool) throws {
    switch value {
    case .int(let number): self = .int(number)
    case .float(let number): self = .float(number)
    case .bool(let flag): self = .bool(flag)
    case .string(let word): self = .word(word)
    case .share(let share): self = name == "ratio" || asNumber ? .float(share) : .budget(.share(share))
    case .bytes(let bytes): self = .budget(.bytes(bytes))
    default:
      throw RuntimeProblem(
        "K302", seen: "\(method): \(name)=\(value.display)", expected: "a number, a word, a share or a size")
    }
  }
}
