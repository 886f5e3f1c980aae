using System.IO.Pipes;
using Microsoft.Win32.SafeHandles;

namespace Registry.Files.Tests;

public sealed class FileLengthTests
{
    private const int Eio = 5;

    // What .NET has learnt of the handle is the same as for a file whose file system answers with an error.
    [Fact]
    public void A_file_without_positions_is_on_a_disk_that_has_failed()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using var handle = new SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        Assert.All(
            new Action[] { () => FileLength.Read(handle), () => FileLength.Set(handle, 1) },
            act =>
            {
                var fault = Assert.Throws<IOException>(act);
                Assert.Equal((Eio, "the disk reports an error (EIO)"), (fault.HResult, fault.Message));
                Assert.Equal("Check the disk, and the log of the kernel", IoFault.Cause(fault)!.Remedy);
            });
    }

    [Fact]
    public void The_length_of_a_file_is_set_and_read()
    {
        using var folder = new TemporaryFolder();
        using var handle = File.OpenHandle(folder.File("file"), FileMode.CreateNew, FileAccess.ReadWrite);
        FileLength.Set(handle, 5);
        Assert.Equal(5, FileLength.Read(handle));
    }
}
