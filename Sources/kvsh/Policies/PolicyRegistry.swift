import Lang
import Runtime
import Synchronization

/// The policies that a session has defined.
final class PolicyRegistry: Sendable {
  private let defined = Mutex<[PolicyDefinition]>([])
  private let math: @Sendable () throws -> TensorMath

  init(math: @escaping @Sendable () throws -> TensorMath = { try TensorMath.serial() }) { self.math = math }

  /// Their cards, in the order in which they were first defined.
  var cards: [MethodCard] { defined.withLock { $0 }.map { MethodCard($0.outline, $0, math: math) } }

  /// The card of a policy that has been read and not yet run.
  func card(_ outline: PolicyOutline) -> MethodCard { MethodCard(outline, nil, math: math) }

  /// Takes a policy, in the place of an earlier one of its name.
  func define(_ policy: PolicyDefinition) {
    defined.withLock { all in
      if let place = all.firstIndex(where: { $0.outline.name == policy.outline.name }) {
        all[place] = policy
      } else {
        all.append(policy)
      }
    }
  }

  /// What keeps a policy from being a method beside the built-in ones.
  static func problems(_ outline: PolicyOutline) -> [Problem] {
    if Compressors.all.contains(where: { $0.name == outline.name }) {
      return [
        Problem(
          "K070", seen: "`\(outline.name)` is a method of kvsh", expected: "a name of its own",
          suggestion: "call it `my_\(outline.name)`", labels: [.init(outline.span)])
      ]
    }
    let taken = (MethodCard.policyParameters + [MethodCard.policyWindow]).map(\.name) + ["ratio"]
    return outline.parameters.compactMap { parameter in
      let isNumber = parameter.defaultValue.map { $0.asDouble != nil || [.bool, .share].contains($0.type) } ?? true
      if taken.contains(parameter.name) {
        return Problem(
          "K070", seen: "every policy has a parameter `\(parameter.name)` already", expected: "another name",
          labels: [.init(outline.span)])
      }
      if isNumber { return nil }
      return Problem(
        "K070", seen: "the default of `\(parameter.name)` is a \(parameter.defaultValue?.type.name ?? "nothing")",
        expected: "a number, a share, true or false", labels: [.init(outline.span)])
    }
  }
}
