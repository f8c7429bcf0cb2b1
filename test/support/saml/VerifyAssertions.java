import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.helpers.DefaultHandler;

/**
 * Judges SAML 2.0 bearer assertions with Java's own XML signatures (javax.xml.crypto.dsig), as strictly as a careful token server would.
 * Each line of standard input is one question: assertion, registered certificate (PEM), audience, recipient and time (ISO 8601), each in
 * Base64, with a space between them. The answer is one line of JSON. The first line of all says that the program is there.
 */
public final class VerifyAssertions {
    private static final String SAML = "urn:oasis:names:tc:SAML:2.0:assertion";
    private static final String BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
    private static final String DS = XMLSignature.XMLNS;
    private static final String EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#";
    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";

    private record Expected(X509Certificate certificate, String audience, String recipient, Instant now) {}

    private static final class Refused extends Exception {
        Refused(String reason) {
            super(reason);
        }
    }

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, US_ASCII));
        var out = new PrintStream(System.out, true, UTF_8);
        out.println("ready");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            List<byte[]> parts = Arrays.stream(line.split(" ")).map(Base64.getDecoder()::decode).toList();
            out.println(answer(parts));
        }
    }

    private static String answer(List<byte[]> parts) throws Exception {
        var certificate = CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(parts.get(1)));
        var expected = new Expected(
            (X509Certificate) certificate,
            new String(parts.get(2), UTF_8),
            new String(parts.get(3), UTF_8),
            Instant.parse(new String(parts.get(4), UTF_8))
        );
        try {
            Element assertion = parse(parts.get(0));
            checkSignature(assertion, expected.certificate());
            checkConditions(assertion, expected);
            return accepted(assertion);
        } catch (Exception refusal) {
            return "{\"accepted\":false,\"reason\":" + quote(String.valueOf(refusal.getMessage())) + "}";
        }
    }

    private static Element parse(byte[] xml) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        factory.setNamespaceAware(true);
        DocumentBuilder builder = factory.newDocumentBuilder();
        // Without it mistakes are printed. It throws fatal errors.
        builder.setErrorHandler(new DefaultHandler());
        Document document = builder.parse(new ByteArrayInputStream(xml));
        refuseOddNodes(document);
        Element root = document.getDocumentElement();
        require(isNamed(root, SAML, "Assertion"), "not an assertion");
        require(document.getElementsByTagNameNS(SAML, "Assertion").getLength() == 1, "more than one assertion");
        require(root.getAttribute("Version").equals("2.0"), "not SAML 2.0");
        return root;
    }

    /** Comments are not signed, and cut a text in two for whoever reads its first part alone. */
    private static void refuseOddNodes(Node node) throws Refused {
        for (Node child = node.getFirstChild(); child != null; child = child.getNextSibling()) {
            short type = child.getNodeType();
            require(type == Node.ELEMENT_NODE || type == Node.TEXT_NODE, "there is " + child.getNodeName());
            refuseOddNodes(child);
        }
    }

    private static void checkSignature(Element assertion, X509Certificate certificate) throws Exception {
        List<Element> children = children(assertion);
        require(isNamed(children.get(0), SAML, "Issuer"), "the first element is not the issuer");
        Element element = children.get(1);
        require(isNamed(element, DS, "Signature"), "no signature after the issuer");
        require(assertion.getElementsByTagNameNS(DS, "Signature").getLength() == 1, "more than one signature");

        var context = new DOMValidateContext(certificate.getPublicKey(), element);
        context.setProperty("org.jcp.xml.dsig.secureValidation", true);
        context.setIdAttributeNS(assertion, null, "ID");
        XMLSignature signature = XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context);
        checkSignedInfo(signature.getSignedInfo(), assertion.getAttribute("ID"));
        require(signature.validate(context), "the signature is not valid");

        String shown = only(element, DS, "X509Certificate").getTextContent();
        require(Arrays.equals(Base64.getMimeDecoder().decode(shown), certificate.getEncoded()), "another certificate");
    }

    private static void checkSignedInfo(SignedInfo signed, String id) throws Refused {
        require(signed.getSignatureMethod().getAlgorithm().equals(RSA_SHA256), "not RSA-SHA256");
        require(signed.getCanonicalizationMethod().getAlgorithm().equals(EXCLUSIVE), "another canonicalization");
        require(signed.getReferences().size() == 1, "more than one reference");
        Reference reference = signed.getReferences().get(0);
        require(!id.isEmpty() && reference.getURI().equals("#" + id), "the reference is to something else");
        require(reference.getDigestMethod().getAlgorithm().equals(SHA256), "another digest");
        List<String> transforms = reference.getTransforms().stream().map(Transform::getAlgorithm).toList();
        require(transforms.equals(List.of(Transform.ENVELOPED, EXCLUSIVE)), "other transforms");
    }

    /** RFC 7522 section 3. */
    private static void checkConditions(Element assertion, Expected expected) throws Refused {
        Element conditions = only(assertion, SAML, "Conditions");
        Instant now = expected.now();
        require(!now.isBefore(Instant.parse(conditions.getAttribute("NotBefore"))), "not valid yet");
        require(now.isBefore(Instant.parse(conditions.getAttribute("NotOnOrAfter"))), "expired");
        require(only(conditions, SAML, "Audience").getTextContent().equals(expected.audience()), "another audience");

        Element confirmation = only(assertion, SAML, "SubjectConfirmation");
        require(confirmation.getAttribute("Method").equals(BEARER), "not a bearer assertion");
        Element data = only(confirmation, SAML, "SubjectConfirmationData");
        require(data.getAttribute("Recipient").equals(expected.recipient()), "another recipient");
        require(now.isBefore(Instant.parse(data.getAttribute("NotOnOrAfter"))), "the confirmation has expired");
    }

    private static String accepted(Element assertion) throws Refused {
        Element nameID = only(assertion, SAML, "NameID");
        Element conditions = only(assertion, SAML, "Conditions");
        List<String> attributes = new ArrayList<>();
        for (Element attribute : all(assertion, SAML, "Attribute")) {
            String value = only(attribute, SAML, "AttributeValue").getTextContent();
            attributes.add("[" + quote(attribute.getAttribute("Name")) + "," + quote(value) + "]");
        }
        return "{\"accepted\":true" +
            member("id", assertion.getAttribute("ID")) +
            member("issuer", only(assertion, SAML, "Issuer").getTextContent()) +
            member("issueInstant", assertion.getAttribute("IssueInstant")) +
            member("nameID", nameID.getTextContent()) +
            member("nameIDFormat", nameID.getAttribute("Format")) +
            member("audience", only(assertion, SAML, "Audience").getTextContent()) +
            member("recipient", only(assertion, SAML, "SubjectConfirmationData").getAttribute("Recipient")) +
            member("confirmedUntil", only(assertion, SAML, "SubjectConfirmationData").getAttribute("NotOnOrAfter")) +
            member("notBefore", conditions.getAttribute("NotBefore")) +
            member("notOnOrAfter", conditions.getAttribute("NotOnOrAfter")) +
            member("authnInstant", only(assertion, SAML, "AuthnStatement").getAttribute("AuthnInstant")) +
            member("authnContextClassRef", only(assertion, SAML, "AuthnContextClassRef").getTextContent()) +
            ",\"attributes\":[" + String.join(",", attributes) + "]}";
    }

    private static String member(String name, String value) {
        return "," + quote(name) + ":" + quote(value);
    }

    /** All but plain ASCII as an escape: the answer is one line, whoever splits it. */
    private static String quote(String text) {
        var quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c >= ' ' && c <= '~' && c != '"' && c != '\\') quoted.append(c);
            else quoted.append("\\u").append(HexFormat.of().toHexDigits(c));
        }
        return quoted.append('"').toString();
    }

    private static Element only(Element parent, String namespace, String name) throws Refused {
        List<Element> found = all(parent, namespace, name);
        require(found.size() == 1, "there is not one " + name);
        return found.get(0);
    }

    private static List<Element> all(Element parent, String namespace, String name) {
        List<Element> found = new ArrayList<>();
        var nodes = parent.getElementsByTagNameNS(namespace, name);
        for (int i = 0; i < nodes.getLength(); i++) found.add((Element) nodes.item(i));
        return found;
    }

    private static List<Element> children(Element parent) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) found.add(element);
        }
        return found;
    }

    private static boolean isNamed(Node node, String namespace, String name) {
        return namespace.equals(node.getNamespaceURI()) && name.equals(node.getLocalName());
    }

    private static void require(boolean holds, String otherwise) throws Refused {
        if (!holds) throw new Refused(otherwise);
    }
}
