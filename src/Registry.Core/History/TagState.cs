using Registry.Core.Changes;
using Registry.Core.Oci;

namespace Registry.Core.History;

/// <summary>What a tag was at a time.</summary>
/// <param name="Digest">The manifest that a pull would have got; null if there was no such tag.</param>
/// <param name="Since">
/// The change that has set or deleted the tag; null if none is recorded: the tag did not exist yet, or has referred to the manifest since before its history
/// begins.
/// </param>
/// <param name="Until">The next change of the tag; null if there was none since.</param>
public sealed record TagState(Digest? Digest, HistoryEntry? Since, HistoryEntry? Until)
{
    /// <summary>The state between two changes of a tag that follow each other.</summary>
    /// <param name="since">The earlier one; null before the first one.</param>
    /// <param name="until">The later one; null after the last one.</param>
    /// <returns>Null if there is neither.</returns>
    public static TagState? Between(RegistryChange? since, RegistryChange? until) => since is null && until is null
        ? null
        : new(
            since is null ? until?.Previous : since.Digest,
            since is null ? null : HistoryEntry.Of(since),
            until is null ? null : HistoryEntry.Of(until));
}
