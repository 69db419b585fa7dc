/// How far and how finely `profile` measures unless it is told.
///
/// Eleven lengths hold out at least nine points of each stage, which an interval of 90 % needs.
enum ProfileSize: String, CaseIterable {
  case quick, standard, full

  var batches: [Int] { self == .full ? [1, 2, 4, 8] : [1, 2, 4] }

  var lengths: [Int] {
    switch self {
    case .quick: [32, 64, 96, 128, 160, 192, 256, 320, 384, 448, 512]
    case .standard: [64, 128, 192, 256, 384, 512, 768, 1_024, 1_280, 1_536, 2_048]
    case .full: [256, 384, 512, 768, 1_024, 1_280, 1_536, 2_048, 2_560, 3_072, 4_096]
    }
  }
}
