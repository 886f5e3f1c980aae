using Registry.Core.Oci;

namespace Registry.Storage.Sqlite.Writer;

/// <summary>Place of a change in the queue of the writer.</summary>
/// <param name="Repository">Repository whose changes take turns with those of others; default for changes of the registry itself.</param>
/// <param name="Rows">Number of rows that it finds or changes, approximately.</param>
internal readonly record struct WriteTurn(RepositoryName Repository, long Rows)
{
    // About 2 ms of the writer. Images have up to about 130 references, since that is how many layers container engines can mount.
    private const int MaxLightRows = 256;

    /// <summary>True if the change may hold up others.</summary>
    public bool IsHeavy => Rows > MaxLightRows;
}
