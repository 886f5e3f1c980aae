using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Registry.Torture.Faults;

/// <summary>
/// A file system on a loop device that can lose power: it is shut down without flushing its log, so unsynced data is gone, and later writes fail
/// with EIO. Needs root.
/// </summary>
internal sealed partial class CuttableDisk : IAsyncDisposable
{
    // EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are the same: _IOR('X', 125, __u32).
    private const nuint GoingDown = 0x8004587D;
    private const uint WithoutFlushingTheLog = 2;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly string _type;
    private string _image;
    private bool _isMounted;

    private CuttableDisk(string image, string path, string type)
    {
        _image = image;
        Path = path;
        _type = type;
    }

    /// <summary>Mount point.</summary>
    public string Path { get; }

    /// <summary>Creates and mounts a disk.</summary>
    /// <param name="image">File that holds it.</param>
    /// <param name="path">An empty folder.</param>
    /// <param name="type"><c>ext4</c> or <c>xfs</c>.</param>
    /// <param name="megabytes">Size; xfs needs 300.</param>
    public static async Task<CuttableDisk> CreateAsync(string image, string path, string type, int megabytes)
    {
        await using (var file = File.Create(image))
        {
            file.SetLength(megabytes * 1024L * 1024L);
        }

        await Tool.RunAsync($"mkfs.{type}", "-q", image);
        var disk = new CuttableDisk(image, path, type);
        await disk.MountAsync();
        return disk;
    }

    /// <summary>Cuts the power.</summary>
    public void Cut()
    {
        using var handle = Open(Path, 0);
        var how = WithoutFlushingTheLog;
        if (handle.IsInvalid || Control(handle, GoingDown, ref how) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Restores the power: the log is replayed.</summary>
    /// <remarks>
    /// Uses a copy, because another process's mount namespace may still hold the file system that was shut down, and mounting the same image would
    /// bring that one back.
    /// </remarks>
    public async Task RecoverAsync()
    {
        await UnmountAsync();
        var copy = _image.EndsWith(".next", StringComparison.Ordinal) ? _image[..^5] : $"{_image}.next";
        await Tool.RunAsync("cp", "--sparse=always", _image, copy);
        File.Delete(_image);
        _image = copy;
        await MountAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // A mount that failed is the failure to report.
        if (_isMounted)
        {
            await UnmountAsync();
        }
    }

    // The kernel releases what it holds of a killed process a moment later.
    private async Task UnmountAsync()
    {
        for (var tries = 20; ; tries--)
        {
            try
            {
                await Tool.RunAsync("umount", Path);
                _isMounted = false;
                return;
            }
            catch (InvalidOperationException) when (tries > 1)
            {
                await Task.Delay(Pause);
            }
        }
    }

    // xfs refuses a copy while its original is mounted in another namespace, since both have the same UUID.
    private async Task MountAsync()
    {
        await Tool.RunAsync("mount", "-o", _type == "xfs" ? "loop,nouuid" : "loop", _image, Path);
        _isMounted = true;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, nuint request, ref uint argument);
}
