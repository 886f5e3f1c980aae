using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Registry.Core.Access.Passwords;

/// <summary>
/// SHA-256 over a secret of this process, the user, the password and the user's line: useless elsewhere, and different as soon as the line
/// changes. It is only compared with values made here, so a plain keyed hash suffices, at half the cost of an HMAC.
/// </summary>
internal readonly record struct PasswordFingerprint(Int128 High, Int128 Low)
{
    /// <summary>Computes the fingerprint. Neither the user nor the password may contain a NUL.</summary>
    /// <param name="key">Secret of the process.</param>
    /// <param name="credentials">User and password.</param>
    /// <param name="hash">Hash in the line of the user; empty for an unknown user.</param>
    public static PasswordFingerprint Of(byte[] key, BasicCredentials credentials, string hash)
    {
        var size = key.Length + Encoding.UTF8.GetMaxByteCount(credentials.User.Length + credentials.Password.Length + hash.Length + 2);
        var buffer = size <= 1024 ? stackalloc byte[1024] : new byte[size];
        key.CopyTo(buffer);
        var length = key.Length;
        Append(buffer, ref length, credentials.User);
        Append(buffer, ref length, credentials.Password);
        Append(buffer, ref length, hash);
        Span<byte> output = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(buffer[..length], output);
        return new PasswordFingerprint(BinaryPrimitives.ReadInt128LittleEndian(output), BinaryPrimitives.ReadInt128LittleEndian(output[16..]));
    }

    private static void Append(Span<byte> buffer, ref int length, string text)
    {
        length += Encoding.UTF8.GetBytes(text, buffer[length..]);
        buffer[length++] = 0;
    }
}
