using Registry.Bench.Reports;

namespace Registry.Bench.Targets;

/// <summary>Profile of the registry during one work.</summary>
/// <param name="Target">P1 to P14.</param>
/// <param name="Work">The work.</param>
/// <param name="Rate">Work a second while the profile was taken, which costs some.</param>
/// <param name="Unit">Unit of the work.</param>
/// <param name="Text">Shares of the processor time by thread and by function.</param>
internal sealed record Profile(string Target, string Work, double Rate, Unit Unit, string Text);
