using System.Globalization;
using System.Text.RegularExpressions;

namespace Registry.Server.Commands.Remote;

/// <summary>Sizes of pages, so that the last one ends at the limit of a command.</summary>
internal static partial class RemotePages
{
    // The default of REGISTRY_PAGINATION_MAX_LIMIT.
    private const int Largest = 1000;

    /// <summary>Size of the next page.</summary>
    /// <param name="limit">Number of entries that are shown.</param>
    /// <param name="read">Number of those that were read.</param>
    public static string SizeOf(int limit, int read) => Math.Min(limit - read, Largest).ToString(CultureInfo.InvariantCulture);

    /// <summary>Path of the next page with another size.</summary>
    /// <param name="next">Path of the next page, with the size of the page before.</param>
    /// <param name="limit">Number of entries that are shown.</param>
    /// <param name="read">Number of those that were read.</param>
    public static string WithSize(string next, int limit, int read) => PageSize.Replace(next, $"n={SizeOf(limit, read)}");

    [GeneratedRegex("(?<=[?&])n=[0-9]+")]
    private static partial Regex PageSize { get; }
}
