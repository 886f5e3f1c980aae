using Microsoft.Win32.SafeHandles;

namespace Registry.Server.Transport;

/// <summary>Bytes of an open file on their way to a socket. Holds the file open until it is released, whatever its owner does.</summary>
internal sealed class FileRange
{
    private bool _isHeld;

    public FileRange(SafeFileHandle file, long offset, int count)
    {
        File = file;
        Offset = offset;
        Remaining = count;
        file.DangerousAddRef(ref _isHeld);
    }

    public SafeFileHandle File { get; }

    /// <summary>Where the next byte is.</summary>
    public long Offset { get; private set; }

    /// <summary>How many bytes are still to be sent.</summary>
    public int Remaining { get; private set; }

    public void Advance(int count)
    {
        Offset += count;
        Remaining -= count;
    }

    public void Release()
    {
        if (_isHeld)
        {
            _isHeld = false;
            File.DangerousRelease();
        }
    }
}
