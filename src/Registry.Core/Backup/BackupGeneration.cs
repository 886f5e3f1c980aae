using System.Globalization;

namespace Registry.Core.Backup;

/// <summary>One state of a registry in a backup: its metadata, and the small files that belong to it. Blobs are shared by all generations.</summary>
/// <param name="Name">Its name, the time at which it was begun in UTC: <c>2026-11-27T093000Z</c>. Names sort by age.</param>
/// <param name="Root">The folder that its files are in.</param>
internal sealed record BackupGeneration(string Name, string Root)
{
    private const string NameFormat = "yyyy-MM-dd'T'HHmmss'Z'";

    public string Metadata => Path.Combine(Root, "metadata.db");

    public string Files => Path.Combine(Root, "files");

    /// <summary>The name for a time.</summary>
    public static string NameOf(DateTimeOffset time) => time.UtcDateTime.ToString(NameFormat, CultureInfo.InvariantCulture);

    /// <summary>The time that a name stands for; null when it is not that of a generation.</summary>
    public static DateTimeOffset? TimeOf(string name) => DateTimeOffset.TryParseExact(
        name, NameFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
