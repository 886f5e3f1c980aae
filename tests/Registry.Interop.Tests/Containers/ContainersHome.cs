using System.Globalization;
using Registry.Testing;

namespace Registry.Interop.Tests.Containers;

/// <summary>Storage and settings for podman, buildah and skopeo, separate from the machine's own.</summary>
public sealed class ContainersHome : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new("containers");
    private readonly Dictionary<string, string> _environment;
    private readonly string[] _storage;

    public ContainersHome()
    {
        string configuration = _folder.File("containers.conf");
        File.WriteAllText(
            configuration,
            """
            [containers]
            default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
            netns = "host"
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            runtime = "runc"
            """);
        string policy = _folder.File("policy.json");
        File.WriteAllText(policy, """{"default":[{"type":"insecureAcceptAnything"}]}""");
        _storage = ["--root", _folder.Folder("root"), "--runroot", _folder.Folder("run"), "--storage-driver", "vfs"];
        _environment = new()
        {
            ["CONTAINERS_CONF"] = configuration,
            ["HOME"] = _folder.Folder("home"),
            ["XDG_DATA_HOME"] = _folder.Folder("home", "data"),
            ["XDG_RUNTIME_DIR"] = _folder.Folder("home", "run"),
            // Without it the three keep what they have learnt about layers in /var/lib, where other runs would find it.
            ["_CONTAINERS_ROOTLESS_UID"] = "1000",
        };
    }

    internal TemporaryFolder Folder => _folder;

    internal Command Podman => Privileged("podman", ["--tmpdir", _folder.Folder("tmp")]);

    internal Command Buildah => Privileged("buildah", []);

    internal Command Skopeo
    {
        get
        {
            Requires.Program("skopeo", "skopeo");
            return Configured(new Command("skopeo", "skopeo", "--insecure-policy"));
        }
    }

    /// <summary>Removes the storage, once nothing uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        // After the end of a container, conmon runs podman once more to clean up. That writes into the storage, and no command waits for it.
        await Eventually.TrueAsync(() => !Processes().Any(MayUseFolder), $"no process uses {_folder.Path}");
        _folder.Dispose();
    }

    private static IEnumerable<string> Processes() => Directory.EnumerateDirectories("/proc")
        .Where(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out _));

    private bool MayUseFolder(string process)
    {
        try
        {
            string line = File.ReadAllText(Path.Combine(process, "cmdline"));
            // A process that is just becoming another program has no command line, but an executable; a kernel thread, and one that has ended, has neither.
            return line.Length == 0 ? File.ResolveLinkTarget(Path.Combine(process, "exe"), returnFinalTarget: false) is not null : line.Contains(_folder.Path, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has ended.
            return false;
        }
    }

    private Command Privileged(string program, string[] more)
    {
        Requires.Program(program, program);
        Requires.Root(program);
        return Configured(new Command(program, program, [.. _storage, .. more]));
    }

    private Command Configured(Command command)
    {
        foreach ((string name, string value) in _environment)
        {
            command.Environment[name] = value;
        }
        return command;
    }
}
