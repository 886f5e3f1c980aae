using Registry.Core.Storage;

namespace Registry.Storage;

/// <summary>
/// Thrown when a storage cannot be opened with the engines that the settings choose. The message is one line for the operator, and names the settings.
/// </summary>
public sealed class StorageChoiceException : Exception
{
    private StorageChoiceException(string message, Exception? inner = null, bool isTransient = false)
        : base(message, inner) => IsTransient = isTransient;

    /// <summary>True if no setting is at fault: the store does not answer, and the same start may succeed soon.</summary>
    public bool IsTransient { get; }

    /// <summary>The database cannot be used, or reached.</summary>
    /// <param name="cause">The reason.</param>
    internal static StorageChoiceException OfDatabase(StorageException cause) => new($"REGISTRY_METADATA is postgres, but {cause.Message.TrimEnd('.')}", cause, cause.IsTransient);

    /// <summary>The bucket does not allow what the registry needs, or cannot be reached.</summary>
    /// <param name="cause">The reason.</param>
    internal static StorageChoiceException OfBucket(StorageException cause) => new($"REGISTRY_BLOBS is s3, but {cause.Message}", cause, cause.IsTransient);

    /// <summary>The storage has the mark of a move, so no registry runs on it.</summary>
    /// <param name="name">Name of the storage.</param>
    /// <param name="mark">The mark.</param>
    /// <param name="howToUnmark">How to remove the mark.</param>
    internal static StorageChoiceException OfMigration(string name, MigrationMark mark, string howToUnmark) => new(mark.IsMoved
        ? $"the registry in {name} was moved to {mark.Other}; start it there. To use {name} again, without what was pushed since, {howToUnmark}"
        : $"the move of a registry from {mark.Other} to {name} is not finished; finish it with 'registry migrate --final'. To use what is in {name} by now, {howToUnmark}");

    /// <summary>The settings choose a bucket for a folder with files.</summary>
    /// <param name="folder">The data folder.</param>
    internal static StorageChoiceException OfFiles(string folder) =>
        new($"REGISTRY_BLOBS is s3, but REGISTRY_STORAGE_PATH {folder} has its blobs in files; set REGISTRY_BLOBS=files, or choose an empty or new folder");

    /// <summary>The settings choose files for a folder whose bytes are in a bucket.</summary>
    /// <param name="folder">The data folder.</param>
    internal static StorageChoiceException OfBucketFolder(string folder) =>
        new($"REGISTRY_BLOBS is files, but REGISTRY_STORAGE_PATH {folder} has its blobs in an S3 bucket; set REGISTRY_BLOBS=s3 and the settings of that bucket");
}
