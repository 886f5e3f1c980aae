namespace Registry.Core.Metadata;

/// <summary>Right of a process to change the row of a session. The next process that takes the session over ends it.</summary>
/// <param name="Id">The session.</param>
/// <param name="Generation">Number of the processes that have held the session, this one included; 1 for the process that began it.</param>
public readonly record struct UploadLease(Guid Id, long Generation)
{
    /// <summary>Detail of the error when another process has taken the session over.</summary>
    public const string Lost = "another process of the registry holds the upload";
}
