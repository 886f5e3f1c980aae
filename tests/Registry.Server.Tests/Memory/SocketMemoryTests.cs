using System.Text;
using Registry.Server.Memory;

namespace Registry.Server.Tests.Memory;

/// <summary>Memory of sockets in control groups of version 2, from files as the kernel writes them.</summary>
public sealed class SocketMemoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("anon 4096\nfile 8192\nkernel_stack 1\nsock 123456\nshmem 7\n", 123456)]
    [InlineData("sock 1\n", 1)]
    [InlineData("anon 4096\nunsock 5\nsocks 6\n", 0)]
    [InlineData("sock \n", 0)]
    [InlineData("", 0)]
    public void The_line_of_sockets_is_read(string stat, long bytes) => Assert.Equal(bytes, SocketMemory.Parse(Encoding.ASCII.GetBytes(stat)));

    [Theory]
    [InlineData("0::/", "", "")] // In the namespace of a container.
    [InlineData("0::/system.slice/registry.service", "system.slice/registry.service", "system.slice/registry.service")]
    [InlineData("0::/pods/pod/registry", "pods/pod/registry", "pods/pod")] // The limit of all containers of a pod.
    public void Sockets_count_in_the_group_of_the_process_when_it_or_one_above_has_a_limit(string membership, string own, string limited)
    {
        AddGroup(own, "max\n");
        AddGroup(limited, "268435456\n");

        Assert.Equal(Path.Combine(_folder.Path, own, "memory.stat"), Path.GetFullPath(Find(membership)!));
    }

    [Theory]
    [InlineData("0::/system.slice/registry.service")]
    [InlineData("0::/system.slice/registry.service/")]
    [InlineData("0::/gone")]
    [InlineData("0::/../elsewhere")]
    [InlineData("12:memory:/system.slice/registry.service")]
    [InlineData("")]
    public void Sockets_do_not_count_without_a_limit(string membership)
    {
        AddGroup("system.slice/registry.service", "max\n");

        Assert.Null(Find(membership));
    }

    [Fact]
    public void Sockets_do_not_count_in_groups_of_version_1()
    {
        AddGroup("", "268435456\n");
        File.Delete(Path.Combine(_folder.Path, "cgroup.controllers"));

        Assert.Null(Find("0::/"));
    }

    [Fact]
    public void A_system_without_control_groups_has_no_such_memory() =>
        Assert.Null(SocketMemory.Find(Path.Combine(_folder.Path, "none"), Path.Combine(_folder.Path, "none either")));

    [Fact]
    public void The_group_with_the_limit_counts_where_that_of_the_membership_cannot_be_seen()
    {
        AddGroup("", "268435456\n");

        Assert.Equal(Path.Combine(_folder.Path, "memory.stat"), Path.GetFullPath(Find("0::/system.slice/container")!));
    }

    [Fact]
    public void A_file_that_cannot_be_read_now_leaves_the_last_value()
    {
        AddGroup("", "268435456\n");
        var path = Path.Combine(_folder.Path, "memory.stat");
        var stat = KernelFile.TryOpen(path)!;
        var last = 0L;
        Assert.Equal(4096, SocketMemory.Read(stat, ref last));

        File.WriteAllText(path, "");
        Assert.Equal(4096, SocketMemory.Read(stat, ref last));
        File.WriteAllText(path, "sock 0\n");
        Assert.Equal(0, SocketMemory.Read(stat, ref last));
    }

    private void AddGroup(string path, string limit)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Path, path)).FullName;
        File.WriteAllText(Path.Combine(_folder.Path, "cgroup.controllers"), "cpu memory\n");
        File.WriteAllText(Path.Combine(folder, "memory.max"), limit);
        File.WriteAllText(Path.Combine(folder, "memory.stat"), "sock 4096\n");
    }

    private string? Find(string membership)
    {
        var file = Path.Combine(_folder.Path, "memberships");
        File.WriteAllText(file, $"12:pids:/elsewhere\n{membership}\n");
        return SocketMemory.Find(_folder.Path, file);
    }
}
