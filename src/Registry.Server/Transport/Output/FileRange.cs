using Microsoft.Win32.SafeHandles;

namespace Registry.Server.Transport.Output;

/// <summary>Range of an open file to be sent to a socket. Keeps the file open until it is released, even if the owner closes it.</summary>
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

    /// <summary>Position of the next byte.</summary>
    public long Offset { get; private set; }

    /// <summary>Number of bytes left to send.</summary>
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
