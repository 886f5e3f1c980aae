using Registry.Server.Memory;

namespace Registry.Server.Tests.Memory;

/// <summary>Pages of the program file that an idle registry does not keep.</summary>
public sealed class ProgramPagesTests
{
    // As the kernel writes them: code, tables, relocated pages that are protected afterwards, data, another file, and memory of no file.
    private const string Mappings =
        """
        560ddb00a000-560ddc1d6000 r-xp 0003c000 fe:00 1835113                    /usr/local/bin/registry
        Size:              18224 kB
        Rss:               13308 kB
        Private_Dirty:         0 kB
        Anonymous:             0 kB
        VmFlags: rd ex mr mw me sd
        560ddc1d6000-560ddcd00000 r--p 01208000 fe:00 1835113                    /usr/local/bin/registry
        Anonymous:             0 kB
        560ddcd00000-560ddcd01000 r--p 01d31000 fe:00 1835113                    /usr/local/bin/registry
        Anonymous:             4 kB
        560ddd406000-560ddd4a1000 rw-p 02436000 fe:00 1835113                    /usr/local/bin/registry
        Anonymous:             0 kB
        560ddd4a1000-560dddfbe000 rw-p 00000000 00:00 0
        Anonymous:         10984 kB
        7f28aee91000-7f28aefe7000 r-xp 00026000 fe:00 2626                       /usr/lib/x86_64-linux-gnu/libc.so.6
        Anonymous:             0 kB
        ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
        Anonymous:             0 kB
        """;

    [Fact]
    public void Only_mappings_that_are_as_the_file_are_released() => Assert.Equal(
        [(unchecked((nint)0x560ddb00a000), 0x11cc000), (unchecked((nint)0x560ddc1d6000), 0xb2a000)],
        ProgramPages.FindUnchanged(Mappings.Split('\n').Select(line => line.TrimEnd('\r')), "/usr/local/bin/registry"));

    [Fact]
    public void Lines_that_are_no_mappings_are_none() =>
        Assert.Empty(ProgramPages.FindUnchanged(["", "x", "zz-yy r-xp 0 0 0 /a", "1- r-xp 0 0 0 /a", "2-1 r-xp 0 0 0 /a", "Anonymous: 0 kB"], "/a"));

    [Fact]
    public void A_process_goes_on_after_it()
    {
        ProgramPages.Release();
        Assert.NotEmpty(Environment.GetCommandLineArgs());
    }
}
