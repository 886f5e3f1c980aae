namespace Registry.Server.Maintenance;

/// <summary>Progress of long work.</summary>
/// <param name="Text">The work, with further counts, such as <c>Backing up 12 of 340 blobs</c>.</param>
/// <param name="Amount">Amount done.</param>
/// <param name="Total">Amount to do; null when unknown.</param>
/// <param name="Unit">Unit of the amounts, in the plural; null for bytes.</param>
internal readonly record struct WorkDone(string Text, long Amount, long? Total = null, string? Unit = null);
