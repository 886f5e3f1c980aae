namespace Registry.Core.Storage;

/// <summary>
/// Room for deletes on a full disk. A change of the metadata needs some even when it removes something, in the log of the database; so a file
/// holds it from the start. The first change that finds no room releases it and is tried again. Until it can be held again nothing new is
/// taken, since that would eat what the deletes need.
/// </summary>
/// <remarks>The file is allocated and never written, which holds its room wherever files are not copied on write.</remarks>
public sealed class StorageBallast
{
    /// <summary>In bytes: the log grows to 4 MiB before it is carried over into the database, which may grow by as much.</summary>
    public const long Size = 8 * 1024 * 1024;

    private readonly string _path;
    private readonly Action<string>? _onCreated;
    private readonly Lock _lock = new();
    private bool _isHeld;

    /// <summary>Takes over what an earlier process has held. More is not asked for before the database has been opened, which needs room itself.</summary>
    /// <param name="path">The file.</param>
    /// <param name="onCreated">Called with the path when the file was made; null for nothing.</param>
    public StorageBallast(string path, Action<string>? onCreated = null)
    {
        _onCreated = onCreated;
        _path = path;
        _isHeld = File.Exists(path);
    }

    /// <summary>Removes the ballast of a folder that cannot be opened without its room.</summary>
    /// <returns>Whether there was any.</returns>
    public static bool Remove(string path)
    {
        var isThere = File.Exists(path);
        File.Delete(path);
        return isThere;
    }

    /// <summary>True while the room is held.</summary>
    public bool IsHeld => Volatile.Read(ref _isHeld);

    /// <summary>Gives the room back to the disk.</summary>
    /// <returns>Whether there is room now that was not there before.</returns>
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

    /// <summary>Holds the room, if it is not held and there is enough of it.</summary>
    /// <returns>Whether it is held.</returns>
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
                // No room for it, so none for anything new.
            }

            return _isHeld;
        }
    }
}
