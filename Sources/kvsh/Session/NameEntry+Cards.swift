import Lang
import Runtime

extension NameEntry {
  /// A method, or one of its presets.
  init(_ card: MethodCard, preset: MethodCard.Preset? = nil) {
    var details = "\(card.title)\n\(card.paper) · \(card.family.rawValue) · storage: \(card.storage.rawValue)"
    if let preset {
      details += "\n\nPreset: \(preset.source)"
    } else if !card.presets.isEmpty {
      details += "\n\nPresets:" + card.presets.map { "\n  \(card.name)/\($0.name)  \($0.source)" }.joined()
    }
    if !card.deviations.isEmpty { details += "\n\nDeviates:" + card.deviations.map { "\n  \($0)" }.joined() }
    var parameters = card.parameters.map { Parameter($0, value: preset?.values[$0.name]) }
    if card.parameters.contains(where: { $0.name == "budget" }) {
      parameters.append(
        Parameter(
          "ratio", .value(.union([.number, .share])), doc: "Share removed, instead of a budget: 0.7 is budget=30%.",
          sweepable: true))
    }
    let name = preset.map { "\(card.name)/\($0.name)" } ?? card.name
    self.init(
      name, summary: preset.map { "\(card.name) as in: \($0.source)" } ?? card.summary, details: details,
      parameters: parameters,
      examples: [Example("compress \(name)", "One configuration; `| run sharegpt` runs it beside the baseline.")])
  }

  /// A data set under its own name or one the user gave a file.
  init(_ card: DatasetCard, name: String) {
    // `run` has a seed of its own, which the data set gets too.
    let parameters = card.parameters.filter { $0.name != "seed" }.map { Parameter($0) }
    self.init(
      name, summary: card.summary, details: "\(card.doc)\n\nSource: \(card.source)\nLicence: \(card.licence)",
      parameters: parameters)
  }
}

extension Parameter {
  fileprivate init(_ card: ParameterCard, value preset: ParameterValue?) {
    var range: ClosedRange<Double>?
    var allowed: [Value] = []
    let type: ParameterType
    switch card.kind {
    case .int(let bounds):
      type = .int
      range = Double(bounds.lowerBound)...Double(bounds.upperBound)
    case .oneOf(let numbers):
      type = .int
      allowed = numbers.map { .int($0) }
    case .float(let bounds):
      type = .value(.union([.number, .share]))
      range = bounds
    case .bool: type = .bool
    case .word(let words): type = .choice(words)
    case .budget: type = .value(.union([.int, .share, .bytes]))
    case .shares: type = .value(.union([.string, .share, .number]))
    case .text: type = .path
    }
    let shown = preset ?? card.defaultValue
    let note = shown == nil ? card.defaultNote.map { " Default: \($0)." } ?? "" : ""
    self.init(
      card.name, type, default: shown.map { Value($0) }, range: range, allowed: allowed,
      doc: card.doc.prefix(1).uppercased() + card.doc.dropFirst() + "." + note, sweepable: true)
  }

  fileprivate init(_ card: DatasetParameter) {
    let type: ParameterType =
      switch card.kind {
      case .int: .int
      case .float: .value(.number)
      case .string: card.name == "file" ? .path : .string
      case .bool: .bool
      case .choice(let words), .words(let words): .choice(words)
      case .choiceOrInt: .value(.union([.string, .int]))
      }
    let isList = if case .words = card.kind { true } else { false }
    self.init(
      card.name, type, default: card.defaultValue.map { Value($0) }, range: card.range,
      doc: card.doc.prefix(1).uppercased() + card.doc.dropFirst() + ".", sweepable: isList)
  }
}

extension Value {
  fileprivate init(_ value: ParameterValue) {
    self =
      switch value {
      case .int(let number): .int(number)
      case .float(let number): .float(number)
      case .bool(let flag): .bool(flag)
      case .word(let word): .string(word)
      case .budget(.tokens(let count)): .int(count)
      case .budget(.share(let share)): .share(share)
      case .budget(.bytes(let bytes)): .bytes(bytes)
      case .shares(let shares): .string(ParameterValue.shares(shares).description.filter { $0 != "\"" })
      case .text(let text): .string(text.path)
      }
  }

  fileprivate init(_ value: DatasetValue) {
    self =
      switch value {
      case .words(let words): .list(words.map { .string($0) })
      case .int(let number): .int(number)
      case .float(let number): .float(number)
      case .string(let text): .string(text)
      case .bool(let flag): .bool(flag)
      }
  }
}
