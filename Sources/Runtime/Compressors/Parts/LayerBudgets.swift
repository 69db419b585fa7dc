/// How a budget is spread over the layers of a model.
enum LayerBudgets: Equatable, Sendable {
  /// The same for every layer.
  case uniform
  /// PyramidKV: linear from shallow to deep (sheet pyramidkv, steps 1-3), whole numbers throughout.
  case pyramid(beta: Int)
  /// The same in kvpress's arithmetic: the budget counts the window, and a steep pyramid falls back to a flat one.
  case pressPyramid(beta: Int)

  /// Tokens that one layer keeps of a prompt, its window included; `exact` is the budget before it became whole tokens.
  func tokens(budget: Int, exact: Double? = nil, window: Int, prompt: Int, layer: Int, layers: Int) -> Int {
    switch self {
    case .uniform: budget
    case .pyramid(let beta): pyramid(budget, window, prompt, layer, layers, beta)
    case .pressPyramid(let beta): pressPyramid(exact ?? Double(budget), window, prompt, layer, layers, beta)
    }
  }

  private func pyramid(_ budget: Int, _ window: Int, _ prompt: Int, _ layer: Int, _ layers: Int, _ beta: Int) -> Int {
    let base = budget - window
    // A short prompt is cut to a flat budget: the layers at the bottom have nothing more to hold.
    guard base > 0, prompt >= 2 * base else { return budget }
    var least = base / beta
    var most = 2 * base - least
    if most >= prompt - window {
      most = prompt - window
      least = 2 * base - most
    }
    let step = layers > 1 ? (most - least) / (layers - 1) : 0
    return most - layer * step + window
  }

  private func pressPyramid(
    _ mean: Double, _ window: Int, _ prompt: Int, _ layer: Int, _ layers: Int, _ beta: Int
  ) -> Int {
    var least = mean / Double(beta)
    var most = 2 * mean - least
    if most >= Double(prompt - window) {
      most = Double(prompt - window)
      least = 2 * mean - most
    }
    guard Double(prompt) >= most, most >= least, least >= Double(window) else {
      return max(1, Int(mean.rounded(.toNearestOrEven)))
    }
    let step = layers > 1 ? (most - least) / Double(layers - 1) : 0
    return Int((most - Double(layer) * step).rounded(.toNearestOrEven))
  }
}
