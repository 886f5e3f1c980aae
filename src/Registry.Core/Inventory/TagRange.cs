namespace Registry.Core.Inventory;

/// <summary>A range of tags in ordinal order.</summary>
/// <param name="Start">Inclusive lower bound; it need not be a tag.</param>
/// <param name="End">Exclusive upper bound.</param>
public readonly record struct TagRange(string Start, string End)
{
    // Comes after all characters of a tag.
    private const char Last = '\x7f';

    /// <summary>Creates the range of the tags that begin with a text, and come after another one.</summary>
    /// <param name="prefix">The text.</param>
    /// <param name="after">The other one, which need not be a tag; null for all.</param>
    public static TagRange Of(string prefix, string? after) => new(
        after is not null && string.CompareOrdinal(after, prefix) >= 0 ? $"{after}\0" : prefix,
        $"{prefix}{Last}");
}
