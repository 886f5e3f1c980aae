namespace Registry.Server.Commands;

/// <summary>How far long work is.</summary>
/// <param name="Text">The work and what is counted besides, such as <c>Backing up 12 of 340 blobs</c>.</param>
/// <param name="Amount">What is done.</param>
/// <param name="Total">What there is to do; null when that is not known.</param>
/// <param name="Unit">What is counted, in the plural; null for bytes.</param>
internal readonly record struct WorkDone(string Text, long Amount, long? Total = null, string? Unit = null);
