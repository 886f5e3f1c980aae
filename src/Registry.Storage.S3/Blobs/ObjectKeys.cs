using System.Globalization;

namespace Registry.Storage.S3.Blobs;

/// <summary>
/// Names of objects. A name is never used again: bytes are received under a name of their own and stay there, so no reader and no late writer meets the bytes
/// of another.
/// </summary>
internal static class ObjectKeys
{
    /// <summary>Beginning of the keys of all content.</summary>
    public const string Blobs = "blobs/";

    /// <summary>Beginning of the keys by which a start finds out what it may do.</summary>
    private const string Probes = "probes/";

    /// <summary>
    /// A new key, <c>blobs/&lt;2 hex&gt;/&lt;yyyy-mm&gt;/&lt;uuid&gt;</c>: the digits spread the load over the parts of a bucket index, and the month lets an
    /// operator see the age.
    /// </summary>
    /// <param name="now">The present time.</param>
    public static string New(DateTimeOffset now)
    {
        var id = Guid.NewGuid();
        return string.Create(CultureInfo.InvariantCulture, $"{Blobs}{id.ToString("N", CultureInfo.InvariantCulture).AsSpan(0, 2)}/{now.UtcDateTime:yyyy-MM}/{id:D}");
    }

    /// <summary>A new key for a start.</summary>
    public static string NewProbe() => $"{Probes}{Guid.NewGuid():D}";
}
