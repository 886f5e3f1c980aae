using Microsoft.Win32.SafeHandles;

namespace Registry.Server.Transport.Output;

/// <summary>
/// Output of a connection that takes ranges of files without passing their bytes through Kestrel. It is a feature of the connection: the output of
/// the socket in clear text, the one that encrypts with TLS, and absent when a layer that knows no files is in between.
/// </summary>
internal interface IFileOutput
{
    /// <summary>
    /// Number of bytes that the kernel has accepted, before encryption. With TLS, a piece of up to 240 KiB counts when all of it was accepted.
    /// </summary>
    long Sent { get; }

    /// <summary>Number of bytes that were written and not flushed.</summary>
    long UnflushedBytes { get; }

    /// <summary>
    /// Announces a range of a file. The next requested memory is its <see cref="FilePlaceholder"/>; advancing over it enqueues the file's
    /// bytes.
    /// </summary>
    void AnnounceFile(SafeFileHandle file, long offset, int count);

    /// <summary>Withdraws the announcement, when Kestrel handed out its own memory instead.</summary>
    void WithdrawFile();

    /// <summary>Runs work that may wait for a disk, on other threads than those that serve connections.</summary>
    Task RunBlockingAsync(Action work);
}
