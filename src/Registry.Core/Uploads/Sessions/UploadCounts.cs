namespace Registry.Core.Uploads.Sessions;

/// <summary>Numbers of uploads in progress, all counted at the same time.</summary>
/// <param name="All">All of the registry.</param>
/// <param name="OfHolder">Those of a holder.</param>
/// <param name="OfNetwork">Those of all holders of a network; 0 for an unknown network.</param>
public readonly record struct UploadCounts(long All, long OfHolder, long OfNetwork);
