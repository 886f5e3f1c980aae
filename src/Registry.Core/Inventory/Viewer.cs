using Registry.Core.Oci;

namespace Registry.Core.Inventory;

/// <summary>The caller of a list, with the repositories that it may see.</summary>
/// <param name="Ranges">Ranges that contain all of them, and perhaps others; in order and without overlap.</param>
/// <param name="MayList">Returns true if the caller may see a repository.</param>
public sealed record Viewer(IReadOnlyList<RepositoryRange> Ranges, Func<RepositoryName, bool> MayList)
{
    /// <summary>True if the caller may know what the whole registry has.</summary>
    public bool SeesAll { get; init; }

    /// <summary>True if no repository is outside the ranges.</summary>
    public bool IsUnlimited => Ranges is [var range] && range == RepositoryRange.All;

    /// <summary>The same caller, with its repositories whose names begin with a text.</summary>
    public Viewer Within(string prefix)
    {
        if (prefix.Length == 0)
        {
            return this;
        }

        var within = RepositoryRange.StartingWith(prefix);
        return this with
        {
            Ranges =
            [
                .. Ranges.Select(range => new RepositoryRange(
                    string.CompareOrdinal(range.Start, within.Start) > 0 ? range.Start : within.Start,
                    string.CompareOrdinal(range.End, within.End) < 0 ? range.End : within.End)).Where(range => !range.IsEmpty),
            ],
        };
    }

    /// <summary>True if the caller may see a repository.</summary>
    public bool Sees(string name) => Ranges.Any(range => range.Contains(name)) && MayList(RepositoryName.Parse(name));
}
