import Runtime

/// One configuration of a study: how the cache is kept and how tokens are drawn.
struct StudyArm {
  let compressor: Compressor
  let sampling: Sampling
  /// What rows call it.
  let label: String
  /// The configuration of each sample, where it is another one for each. // [samples]
  let choices: [Compressor]?

  /// A compressor under the run's own sampling.
  init(_ compressor: Compressor, _ sampling: Sampling) {
    self.init(compressor, sampling, label: compressor.label)
  }

  init(_ compressor: Compressor, _ sampling: Sampling, label: String) {
    self.compressor = compressor
    self.sampling = sampling
    self.label = label
    choices = nil
  }

  /// A configuration for each sample.
  init(_ choices: [Compressor], _ sampling: Sampling, label: String) {
    compressor = .none
    self.sampling = sampling
    self.label = label
    self.choices = choices
  }

  /// The configuration of a sample by its place.
  func compressor(of sample: Int) -> Compressor { choice(of: sample) ?? compressor }

  /// What was chosen for a sample; nil where the configuration is the same for all.
  func choice(of sample: Int) -> Compressor? { choices.map { $0[sample] } }

  /// The controls of table 5: the uncompressed cache at other temperatures under the run's own noise, and at the run's
  /// temperature under other noise.
  ///
  /// What they do to lengths is what a compressor has to be set beside: the last one is the floor that noise alone makes.
  static func controls(_ sampling: Sampling, temperatures: [Double]) -> [StudyArm] {
    let warmer = temperatures.map { temperature in
      var other = sampling
      other.temperature = temperature
      return StudyArm(.none, other, label: Self.warmLabel + PlotNumber.short(temperature))
    }
    var reseeded = sampling
    reseeded.seed &+= 1
    return warmer + [StudyArm(.none, reseeded, label: Self.reseedLabel)]
  }

  private static let warmLabel = "\(Compressor.none.label) T="
  private static let reseedLabel = "reseed"

  /// Whether rows of this name are a control's.
  static func isControl(_ label: String) -> Bool { label == reseedLabel || label.hasPrefix(warmLabel) }

  /// The temperatures of table 5, for a run at 1: a tenth less and a tenth more.
  static func controlTemperatures(of temperature: Double) -> [Double] {
    // Rounded so that 0.9 x 1 is the 0.9 that somebody types.
    [0.9, 1.1].map { ($0 * temperature * 1e6).rounded() / 1e6 }
  }
}
