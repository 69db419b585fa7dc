/// When tokens leave.
enum EvictionSchedule: Equatable, Sendable {
  /// Once, at the end of the prompt; what follows is appended.
  case promptEnd
  /// Then every so many decode steps too, back to the budget.
  case everySteps(Int)
}
