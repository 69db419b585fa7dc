import Foundation
import Lang
import Runtime

/// Chooses a configuration for each request of a run, by what `train` keeps in the store.
struct AutoChooser {
  /// With the numbers of what it chooses by.
  let choice: AutoChoice
  private let rule: ChoiceRule
  private let classifier: TaskClassifier
  private let predictor: StoredLengthPredictor?
  /// Places of the candidates in the rule, by candidate.
  private let places: [Int]
  /// What the rule was learnt against, which a request gets where nothing else keeps the scores.
  private let baseline: Compressor

  /// - Throws: `RuntimeProblem` K663, K661, K657 where nothing was trained yet, K664 for a configuration that was not
  ///   learnt and for a baseline that is not given, K302 for nothing beside it, K659 for another encoder.
  init(_ choice: AutoChoice, _ workbench: Workbench) throws {
    let store = try workbench.store()
    let found = try store.choiceRule(choice.rule)
    let types = try store.taskClassifier(choice.types)
    (rule, classifier) = (found.model, types.model)
    let learnt = found.model.configurations.filter { $0 != Compressor.none.label }
    places = try choice.candidates.map { candidate in
      guard let place = found.model.configurations.firstIndex(of: candidate.label) else {
        throw RuntimeProblem(
          ChoiceProblems.unknownConfiguration, seen: "rule \(found.id) knows nothing of \(candidate.label)",
          expected: learnt.joined(separator: ", "),
          suggestion: "learn it: compress ... | run longbench | train auto")
      }
      return place
    }
    let baseline = try Self.baseline(found, choice.candidates)
    self.baseline = baseline
    guard places.contains(where: { $0 != 0 }) else {
      throw RuntimeProblem(
        "K302", seen: "there is nothing to choose beside \(baseline.label), the baseline of rule \(found.id)",
        expected: "another configuration",
        suggestion: "compress auto among=[...], with "
          + learnt.filter { $0 != baseline.label }.joined(separator: ", "))
    }
    predictor =
      rule.goal == .bytes && rule.predictsLengths
      ? try Self.predictor(choice, baseline, workbench) : nil
    var resolved = choice
    (resolved.rule, resolved.types, resolved.lengths) = (found.id, types.id, predictor?.past.id)
    self.choice = resolved
  }

  /// The rule's baseline as something that can be run: a label alone cannot.
  private static func baseline(_ rule: Store.Trained<ChoiceRule>, _ candidates: [Compressor]) throws -> Compressor {
    let label = rule.model.baseline
    if label == Compressor.none.label { return .none }
    if let given = candidates.first(where: { $0.label == label }) { return given }
    throw RuntimeProblem(
      ChoiceProblems.unknownConfiguration,
      seen: "rule \(rule.id) was learnt against \(label), which is not among the configurations",
      expected: "\(label) among them: it is taken where nothing else keeps the scores",
      suggestion: "give it too, or learn against the uncompressed cache: train auto")
  }

  private static func predictor(
    _ choice: AutoChoice, _ baseline: Compressor, _ workbench: Workbench
  ) throws -> StoredLengthPredictor {
    let found = try StoredLengthPredictor(choice.lengths, workbench)
    for label in [baseline.label] + choice.candidates.map(\.label) where found.entry(label) == nil {
      throw RuntimeProblem(
        ChoiceProblems.unknownConfiguration, seen: "length predictor \(found.past.id) knows nothing of \(label)",
        expected: found.past.predictor.entries.map(\.configuration).joined(separator: ", "),
        suggestion: "train length from=run:ID of a run that has it, or train auto lengths=typical")
    }
    return found
  }

  /// What it chooses for each sample, as a configuration of the run.
  func arm(_ samples: [PreparedSample], _ loaded: LoadedModel, _ sampling: Sampling) throws -> StudyArm {
    let prompts = samples.map(\.request.prompt)
    let types = classifier.types(of: prompts)
    let features = try predictor.map { try $0.features(prompts, samples.map(\.ids.count)) }
    let chosen = samples.indices.map { index -> Compressor in
      let evidence = rule.evidence(of: types[index])
      let place = rule.choice(type: types[index], among: places) { place in
        let compressor = compressor(place)
        let expected =
          if let predictor, let features {
            predictor.entry(compressor.label)?.regression.predict(features.row(index))
          } else {
            evidence.tokens[place]
          }
        // What is not known may be as long as the run allows.
        let most = Double(samples[index].maxTokens)
        let tokens = expected.flatMap { $0.isFinite ? Int(min(max($0, 1), most)) : nil } ?? samples[index].maxTokens
        let prompt = samples[index].ids.count
        return Double(
          compressor.forecastBytes(.init(prompt: prompt, tokens: prompt + tokens), shape: loaded.model.cacheShape))
      }
      return compressor(place)
    }
    return StudyArm(chosen, sampling, label: AutoChoice.name)
  }

  private func compressor(_ place: Int) -> Compressor {
    places.firstIndex(of: place).map { choice.candidates[$0] } ?? baseline
  }

  /// How often each configuration was chosen, in one sentence.
  static func summary(_ arm: StudyArm) -> String {
    var order: [String] = []
    var counts: [String: Int] = [:]
    for label in (arm.choices ?? []).map(\.label) {
      if counts[label] == nil { order.append(label) }
      counts[label, default: 0] += 1
    }
    func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }
    return "auto chose " + order.map { "\($0) \(times(counts[$0] ?? 0))" }.joined(separator: ", ")
  }
}
