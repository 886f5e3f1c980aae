using Registry.Core.Storage;

namespace Registry.Storage.Files.Space;

/// <summary>
/// Reserve for deletes on a full disk. Any change of the metadata, even a removal, needs space in the log of the database; a file reserves it
/// from the start. The first change that finds no space releases the file and is tried again. Until the file can be allocated again, new content is
/// refused, since it would use the space that deletes need.
/// </summary>
/// <remarks>The file is allocated and never written, which reserves its space on every file system that does not copy on write.</remarks>
public sealed class StorageBallast : IBallast
{
    /// <summary>Size in bytes: the log grows to 4 MiB before it is checkpointed into the database, which may grow by as much.</summary>
    public const long Size = 8 * 1024 * 1024;

    private readonly string _path;
    private readonly Action<string>? _onCreated;
    private readonly Lock _lock = new();
    private bool _isHeld;

    /// <summary>Takes over the file of an earlier process. It grows to its size only after the database was opened, which needs space itself.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="onCreated">Called with the path when the file was created; null for nothing.</param>
    public StorageBallast(string path, Action<string>? onCreated = null)
    {
        _onCreated = onCreated;
        _path = path;
        _isHeld = File.Exists(path);
    }

    /// <summary>Removes the ballast of a folder that cannot be opened without its space.</summary>
    /// <returns>True if there was any.</returns>
    public static bool Remove(string path)
    {
        var isThere = File.Exists(path);
        File.Delete(path);
        return isThere;
    }

    public bool IsHeld => Volatile.Read(ref _isHeld);

    public bool Release()
    {
        lock (_lock)
        {
            if (!_isHeld)
            {
                return false;
            }

            _isHeld = false;
            return Remove(_path);
        }
    }

    public bool TryHold()
    {
        if (IsHeld)
        {
            return true;
        }

        lock (_lock)
        {
            try
            {
                if (!File.Exists(_path))
                {
                    File.OpenHandle(_path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, Size).Dispose();
                    _onCreated?.Invoke(_path);
                }

                _isHeld = true;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // No space for the ballast, so none for new content.
            }

            return _isHeld;
        }
    }
}
