namespace Registry.Core.Repositories;

/// <summary>Blobs that a turn of the deletion of a repository has made invisible.</summary>
/// <param name="Next">Position from which the next turn continues; null if no blob is left that nothing needs.</param>
/// <param name="Blobs">Number of the blobs.</param>
/// <param name="IsGone">True if the repository exists no longer; false while there is a next turn.</param>
public sealed record UnlinkingTurn(long? Next, long Blobs, bool IsGone);
