using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Registry.Testing.Processes;

namespace Registry.Testing.Engines;

/// <summary>
/// S3 by the gateway of Ceph, on a cluster of one disk in memory or in a file, in a folder and on ports of its own (Debian: <c>ceph-mon</c>, <c>ceph-osd</c>,
/// <c>radosgw</c>, <c>ceph-common</c>). Needs neither root nor keys nor <c>/etc/ceph</c>.
/// </summary>
public sealed class CephGateway : IAsyncDisposable
{
    // It takes only what is stored. A store that counts itself full answers no write any more, and long runs of the torture delete late.
    private const long MemorySize = 64L * 1024 * 1024 * 1024;

    private static readonly string[] Programs = ["ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"];

    private readonly TemporaryFolder _folder = new("ceph");
    private readonly Stack<BackgroundProcess> _servers = new();
    private readonly Dictionary<string, string?> _environment;
    private readonly long? _diskSize;

    private CephGateway(long? diskSize)
    {
        _diskSize = diskSize;
        _environment = new()
        {
            ["CEPH_CONF"] = _folder.File("ceph.conf"),
            ["CEPH_ARGS"] = "--no-mon-config",

            // Returns the memory of deleted objects: Debian's build has no tcmalloc.
            ["MALLOC_MMAP_THRESHOLD_"] = "131072",
        };
    }

    /// <summary>True if the programs are installed.</summary>
    public static bool IsInstalled => Programs.All(program => File.Exists(Path.Combine("/usr/bin", program)));

    /// <summary>Region that requests are signed for.</summary>
    public static string Region => "default";

    /// <summary>Access key of the only user.</summary>
    public static string AccessKey => "registryaccesskey";

    /// <summary>Secret key of the only user.</summary>
    public static string SecretKey => "registrysecretkey0123456789";

    /// <summary>Address of the gateway. Buckets are in the path.</summary>
    public Uri Endpoint { get; private set; } = null!;

    /// <summary>The same with TLS.</summary>
    public Uri SecureEndpoint { get; private set; } = null!;

    /// <summary>Authority of the certificate.</summary>
    public TestAuthority Authority { get; } = new();

    /// <summary>Starts a gateway without buckets.</summary>
    /// <param name="diskSize">Bytes of a disk in a file, which takes only the room of what is stored; null for one in memory.</param>
    public static async Task<CephGateway> StartAsync(long? diskSize = null)
    {
        var gateway = new CephGateway(diskSize);
        try
        {
            await gateway.StartServersAsync();
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>Signs a request with an address that is valid for ten minutes (Amazon S3 API, "Authenticating Requests: Using Query Parameters").</summary>
    /// <param name="method">Method of the request.</param>
    /// <param name="path">Bucket, or bucket and key: letters, digits, slashes and hyphens.</param>
    /// <param name="time">Time of the request.</param>
    public Uri Presign(string method, string path, DateTimeOffset time)
    {
        var at = time.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var (day, scope) = (at[..8], $"{at[..8]}/{Region}/s3/aws4_request");
        var query = $"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={Uri.EscapeDataString($"{AccessKey}/{scope}")}"
            + $"&X-Amz-Date={at}&X-Amz-Expires=600&X-Amz-SignedHeaders=host";
        var request = $"{method}\n/{path}\n{query}\nhost:{Endpoint.Authority}\n\nhost\nUNSIGNED-PAYLOAD";
        var text = $"AWS4-HMAC-SHA256\n{at}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)))}";
        var key = new[] { day, Region, "s3", "aws4_request" }.Aggregate(Encoding.UTF8.GetBytes($"AWS4{SecretKey}"), Sign);
        return new Uri(Endpoint, $"{path}?{query}&X-Amz-Signature={Convert.ToHexStringLower(Sign(key, text))}");

        static byte[] Sign(byte[] key, string part) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
    }

    /// <summary>Creates a bucket of the first user.</summary>
    public async Task CreateBucketAsync(string name)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Put, Presign("PUT", name, DateTimeOffset.UtcNow));
        using var created = await client.SendAsync(request);
        created.EnsureSuccessStatusCode();
    }

    /// <summary>Variables of a registry whose blobs are in a bucket of the first user.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="proxy">Address of a proxy before the gateway; null for the gateway itself.</param>
    public Dictionary<string, string?> VariablesOf(string bucket, Uri? proxy = null) => new()
    {
        ["REGISTRY_BLOBS"] = "s3",
        ["REGISTRY_S3_ENDPOINT"] = (proxy ?? Endpoint).ToString(),
        ["REGISTRY_S3_REGION"] = Region,
        ["REGISTRY_S3_BUCKET"] = bucket,
        ["REGISTRY_S3_ACCESS_KEY"] = AccessKey,
        ["REGISTRY_S3_SECRET_KEY"] = SecretKey,
    };

    /// <summary>Creates a further user, who has no right to the buckets of the first.</summary>
    public Task CreateUserAsync(string name, string accessKey, string secretKey) =>
        RunAsync("radosgw-admin", "user", "create", $"--uid={name}", $"--display-name={name}", $"--access-key={accessKey}", $"--secret-key={secretKey}");

    /// <summary>Kills the cluster, whose folder goes, too.</summary>
    public async ValueTask DisposeAsync()
    {
        // Each needs those below it.
        while (_servers.TryPop(out var server))
        {
            await server.DisposeAsync();
        }

        Authority.Dispose();
        _folder.Dispose();
    }

    private async Task StartServersAsync()
    {
        var ports = FreePorts.Find(3);
        var (monitor, http, https) = (ports[0], ports[1], ports[2]);
        var disk = Guid.NewGuid().ToString();
        var cluster = Guid.NewGuid().ToString();
        await File.WriteAllTextAsync(_environment["CEPH_CONF"]!, Configuration(cluster, monitor, http, https));
        var (certificate, key) = Authority.Issue();
        await File.WriteAllTextAsync(_folder.File("server.pem"), certificate);
        await File.WriteAllTextAsync(_folder.File("server.key"), key);
        var map = _folder.File("monmap");
        await RunAsync("monmaptool", "--create", "--fsid", cluster, "--addv", "a", $"[v2:127.0.0.1:{Text(monitor)}]", map);
        await RunAsync("ceph-mon", "--mkfs", "-i", "a", "--monmap", map);
        await ServeAsync(monitor, "ceph-mon", "-f", "-i", "a");
        await RunAsync("ceph", "--connect-timeout", "60", "osd", "new", disk, "0");
        await RunAsync("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", disk);
        _servers.Push(BackgroundProcess.Start("ceph-osd", ["-f", "-i", "0"], _environment));

        // Waits for the disk, and makes the pools.
        await CreateUserAsync("registry", AccessKey, SecretKey);
        await ServeAsync(http, "radosgw", "-f", "-n", "client.rgw");
        Endpoint = new Uri($"http://127.0.0.1:{Text(http)}");
        SecureEndpoint = new Uri($"https://127.0.0.1:{Text(https)}");
    }

    private async Task ServeAsync(int port, string program, params string[] arguments)
    {
        var server = BackgroundProcess.Start(program, arguments, _environment);
        _servers.Push(server);
        await Eventually.HoldsAsync(
            async () => server.HasExited ? throw new InvalidOperationException($"{program} has ended:\n{server.Output}") : await AnswersAsync(port),
            $"{program} answers on port {Text(port)}");
    }

    private async Task RunAsync(string program, params string[] arguments)
    {
        await using var process = BackgroundProcess.Start(program, arguments, _environment);
        if (await process.WaitForExitAsync(Patience.Limit) != 0)
        {
            throw new InvalidOperationException($"{process.CommandLine}\n{process.Output}");
        }
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private string Disk => _diskSize is { } size
        ? $"""
            osd_objectstore = bluestore
            bluestore_block_size = {size.ToString(CultureInfo.InvariantCulture)}
            bluestore_cache_autotune = false
            bluestore_cache_size = 268435456
            """
        : $"""
            osd_objectstore = memstore
            memstore_device_bytes = {MemorySize.ToString(CultureInfo.InvariantCulture)}
            """;

    private string Configuration(string cluster, int monitor, int http, int https)
    {
        var folder = _folder.Path;
        return $"""
            [global]
            fsid = {cluster}
            mon_host = v2:127.0.0.1:{Text(monitor)}
            public_network = 127.0.0.0/8
            cluster_network = 127.0.0.0/8
            auth_cluster_required = none
            auth_service_required = none
            auth_client_required = none
            ms_mon_client_mode = crc
            ms_bind_msgr1 = false
            run_dir = {folder}
            pid_file =
            admin_socket =
            crash_dir = {folder}
            log_file = {folder}/$type.log
            log_to_stderr = true
            debug_default = 0
            osd_pool_default_size = 1
            osd_pool_default_min_size = 1
            osd_pool_default_pg_num = 4
            osd_pool_default_pgp_num = 4
            osd_pool_default_pg_autoscale_mode = off
            osd_crush_chooseleaf_type = 0
            [mon]
            mon_data = {_folder.Folder("mon")}
            mon_cluster_log_file = /dev/null
            mon_allow_pool_size_one = true
            mon_max_pg_per_osd = 10000
            mon_data_avail_crit = 0
            mon_data_avail_warn = 0
            paxos_propose_interval = 0.02
            paxos_min_wait = 0.01
            [osd]
            osd_data = {_folder.Folder("osd")}
            {Disk}
            osd_memory_target = 1073741824
            [client]
            keyring = /dev/null
            rgw_data = {folder}
            rgw_frontends = beast endpoint=127.0.0.1:{Text(http)} ssl_endpoint=127.0.0.1:{Text(https)} ssl_certificate={folder}/server.pem ssl_private_key={folder}/server.key tcp_nodelay=1
            rgw_enable_apis = s3
            rgw_enable_quota_threads = false
            rgw_gc_obj_min_wait = 30
            rgw_gc_processor_period = 30
            rgw_gc_processor_max_time = 30
            rgw_run_sync_thread = false
            rgw_dynamic_resharding = false
            rgw_override_bucket_index_max_shards = 1

            """;
    }
}
