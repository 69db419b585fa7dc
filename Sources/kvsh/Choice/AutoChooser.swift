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

  /// - Throws: `RuntimeProblem` K663, K661, K657 where nothing was trained yet, K664 for a configuration that was not
  ///   learnt, K659 for another encoder.
  init(_ choice: AutoChoice, _ workbench: Workbench) throws {
    let store = try workbench.store()
    let found = try store.choiceRule(choice.rule)
    let types = try store.taskClassifier(choice.types)
    (rule, classifier) = (found.model, types.model)
    places = try choice.candidates.map { candidate in
      guard let place = found.model.configurations.firstIndex(of: candidate.label) else {
        throw RuntimeProblem(
          ChoiceProblems.unknownConfiguration, seen: "rule \(found.id) knows nothing of \(candidate.label)",
          expected: found.model.configurations.dropFirst().joined(separator: ", "),
          suggestion: "learn it: compress ... | run longbench | train auto")
      }
      return place
    }
    predictor =
      rule.goal == .bytes && rule.predictsLengths
      ? try Self.predictor(choice, workbench) : nil
    var resolved = choice
    (resolved.rule, resolved.types, resolved.lengths) = (found.id, types.id, predictor?.past.id)
    self.choice = resolved
  }

  private static func predictor(_ choice: AutoChoice, _ workbench: Workbench) throws -> StoredLengthPredictor {
    let found = try StoredLengthPredictor(choice.lengths, workbench)
    for label in [Compressor.none.label] + choice.candidates.map(\.label) where found.entry(label) == nil {
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
            predictor.entry(compressor.label)?.regression.predict(features.row(index)) ?? 0
          } else {
            evidence.tokens[place] ?? 0
          }
        let most = Double(samples[index].maxTokens)
        let tokens = expected.isFinite ? Int(min(max(expected, 1), most)) : samples[index].maxTokens
        let prompt = samples[index].ids.count
        return Double(
          compressor.forecastBytes(.init(prompt: prompt, tokens: prompt + tokens), shape: loaded.model.cacheShape))
      }
      return compressor(place)
    }
    return StudyArm(chosen, sampling, label: AutoChoice.name)
  }

  private func compressor(_ place: Int) -> Compressor {
    places.firstIndex(of: place).map { choice.candidates[$0] } ?? .none
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
