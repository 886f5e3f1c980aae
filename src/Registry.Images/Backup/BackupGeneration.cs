using System.Globalization;
using Registry.Core.Storage;
using Registry.Files;

namespace Registry.Images.Backup;

/// <summary>One state of a registry in a backup: its metadata, and the small files that belong to it. All generations share the blobs.</summary>
/// <param name="Name">Time at which the generation was begun, in UTC: <c>2026-11-27T093000Z</c>. Names sort by age.</param>
/// <param name="Root">Folder of its files.</param>
internal sealed record BackupGeneration(string Name, string Root)
{
    private const string NameFormat = "yyyy-MM-dd'T'HHmmss'Z'";

    public string Metadata => Path.Combine(Root, "metadata.db");

    public string Files => Path.Combine(Root, "files");

    /// <summary>Copies the metadata to a new file.</summary>
    /// <exception cref="StorageException">The generation has no metadata.</exception>
    /// <exception cref="IOException">The metadata cannot be copied.</exception>
    public void CopyMetadata(string target)
    {
        using var metadata = new FileStream(
            PlainFile.TryOpen(Metadata, Root, out _) ?? throw new StorageException($"holds a generation {Name} without metadata"), FileAccess.Read, bufferSize: 0);
        using var copy = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
        FileOwner.Inherit(copy.SafeFileHandle, target);
        metadata.CopyTo(copy, 1024 * 1024);
    }

    /// <summary>Name for a time.</summary>
    public static string NameOf(DateTimeOffset time) => time.UtcDateTime.ToString(NameFormat, CultureInfo.InvariantCulture);

    /// <summary>Time that a name stands for; null if it is not the name of a generation.</summary>
    public static DateTimeOffset? TimeOf(string name) => DateTimeOffset.TryParseExact(
        name, NameFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}
