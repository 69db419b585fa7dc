import Dispatch
import Synchronization

/// Chooses the penalty of ridge regressions by cross-validation inside the rows they may see.
struct RidgeSearch {
  static let lambdas = [0.1, 1, 10, 100, 1000]

  /// What the search gives for one target.
  struct Found {
    let model: RidgeModel
    /// What models that had not seen a row predicted for it. // [rows]
    let heldOut: [Double]
  }

  /// One result a target.
  ///
  /// - Parameters:
  ///   - targets: // [targets][rows]
  ///   - folds: the fold of each row; every number from 0 to the largest occurs. // [rows]
  /// - Throws: `RuntimeProblem` K655.
  static func run(_ rows: FeatureRows, _ targets: [[Double]], folds: [Int]) throws -> [Found] {
    let folded = try (0...(folds.max() ?? 0)).map { fold -> Fold in
      let inside = folds.indices.filter { folds[$0] != fold }
      let outside = folds.indices.filter { folds[$0] == fold }
      guard !inside.isEmpty else { throw Self.empty }
      return Fold(inside: inside, outside: outside)
    }
    // [fold][lambda][target] predictions of the rows outside
    let tasks = folded.indices.flatMap { fold in lambdas.indices.map { (fold, $0) } }
    let systems = folded.map { RidgeSystem(rows.rows($0.inside)) }
    let results = Mutex<[Int: Result<[[Double]], any Error>]>([:])
    DispatchQueue.concurrentPerform(iterations: tasks.count) { task in
      let (fold, lambda) = tasks[task]
      let part = folded[fold]
      let result = Result {
        let models = try systems[fold].models(
          targets.map { target in part.inside.map { target[$0] } }, lambda: lambdas[lambda])
        let outside = systems[fold].standardisation.applied(to: rows.rows(part.outside))
        return models.map { $0.predict(standardised: outside) }
      }
      results.withLock { $0[task] = result }
    }
    var heldOut = [[[Double]]](
      repeating: [[Double]](repeating: [Double](repeating: 0, count: folds.count), count: targets.count),
      count: lambdas.count)
    for (task, (fold, lambda)) in tasks.enumerated() {
      guard let predictions = try results.withLock({ try $0[task]?.get() }) else { throw Self.empty }
      for target in targets.indices {
        for (place, row) in folded[fold].outside.enumerated() {
          heldOut[lambda][target][row] = predictions[target][place]
        }
      }
    }
    let chosen = targets.indices.map { target in
      lambdas.indices.min { first, second in
        squares(heldOut[first][target], targets[target]) < squares(heldOut[second][target], targets[target])
      } ?? 0
    }
    let whole = RidgeSystem(rows)
    var models = [RidgeModel?](repeating: nil, count: targets.count)
    for lambda in Set(chosen).sorted() {
      let members = targets.indices.filter { chosen[$0] == lambda }
      for (target, model) in zip(members, try whole.models(members.map { targets[$0] }, lambda: lambdas[lambda])) {
        models[target] = model
      }
    }
    return try targets.indices.map { target in
      guard let model = models[target] else { throw Self.empty }
      return Found(model: model, heldOut: heldOut[chosen[target]][target])
    }
  }

  private struct Fold {
    let inside: [Int]
    let outside: [Int]
  }

  private static var empty: RuntimeProblem {
    RuntimeProblem(
      LengthPredictionProblems.tooFewRows, seen: "a fold without a request to train on",
      expected: "requests in every fold")
  }

  private static func squares(_ predicted: [Double], _ truth: [Double]) -> Double {
    zip(predicted, truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }
}
