using System.Globalization;

namespace Registry.Events.Formats;

/// <summary>Name of a change for ever: the epoch of the feed and the position in it, such as <c>5f0c2a91be34-1207</c>.</summary>
/// <param name="Epoch">See <see cref="Core.Changes.IChangeFeed.FindEpochAsync"/>.</param>
/// <param name="Position">Position of the change; 0 for the one before all.</param>
public readonly record struct EventId(long Epoch, long Position)
{
    private const int EpochDigits = 12;

    /// <summary>Parses a text; false if it is no id.</summary>
    public static bool TryParse(string? text, out EventId id)
    {
        id = default;
        if (text is null || text.IndexOf('-', StringComparison.Ordinal) is var dash && dash != EpochDigits
            || !long.TryParse(text.AsSpan(0, EpochDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var epoch)
            || !long.TryParse(text.AsSpan(EpochDigits + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var position))
        {
            return false;
        }

        id = new EventId(epoch, position);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch:x12}-{Position}");
}
