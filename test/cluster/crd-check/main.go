// crd-check judges objects as an API server does, with the API server's own code: first the CustomResourceDefinition that
// is its argument, then one custom resource per line of standard input.
//
// It prints one line of JSON each: a list of errors, empty if all is well.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"sigs.k8s.io/yaml"
)

type verdict struct {
	Path    string `json:"path"`
	Type    string `json:"type"`
	Message string `json:"message"`
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string) error {
	crd, errs, err := readDefinition(file)
	if err != nil {
		return err
	}
	if err := print(errs); err != nil || len(errs) > 0 {
		return err
	}
	judge, err := newJudge(crd)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		found, err := judge.create(lines.Bytes())
		if err != nil {
			return err
		}
		if err := print(found); err != nil {
			return err
		}
	}
	return lines.Err()
}

func print(errs []verdict) error {
	line, err := json.Marshal(errs)
	if err != nil {
		return err
	}
	_, err = fmt.Println(string(line))
	return err
}

// readDefinition reads a definition as a request would bring it: strictly decoded, defaulted, validated.
func readDefinition(file string) (*apiextensions.CustomResourceDefinition, []verdict, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	var versioned apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(text, &versioned); err != nil {
		return nil, nil, err
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	scheme.Default(&versioned)
	var crd apiextensions.CustomResourceDefinition
	if err := scheme.Convert(&versioned, &crd, nil); err != nil {
		return nil, nil, err
	}
	// What an API server records of the version that it will store.
	crd.Status.StoredVersions = []string{versioned.Spec.Versions[0].Name}
	return &crd, verdicts(crdvalidation.ValidateCustomResourceDefinition(context.Background(), &crd)), nil
}

type judge struct {
	kind     schema.GroupVersionKind
	schema   *structuralschema.Structural
	strategy rest.RESTCreateStrategy
}

func newJudge(crd *apiextensions.CustomResourceDefinition) (*judge, error) {
	version := crd.Spec.Versions[0]
	openAPI := crd.Spec.Validation
	if version.Schema != nil {
		openAPI = version.Schema
	}
	structural, err := structuralschema.NewStructural(openAPI.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	if err := defaulting.PruneDefaults(structural); err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(openAPI.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	kind := schema.GroupVersionKind{Group: crd.Spec.Group, Version: version.Name, Kind: crd.Spec.Names.Kind}
	status := &apiextensions.CustomResourceSubresourceStatus{}
	strategy := customresource.NewStrategy(runtime.NewScheme(), true, kind, validator, nil, structural, status, nil, nil)
	return &judge{kind: kind, schema: structural, strategy: strategy}, nil
}

// create does what the API server does with the body of a POST under fieldValidation=Strict, in its order.
func (j *judge) create(body []byte) ([]verdict, error) {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(body); err != nil {
		return []verdict{{Type: "Malformed", Message: err.Error()}}, nil
	}
	meta, _, unknownInMeta, err := objectmeta.GetObjectMetaWithOptions(object.Object, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return []verdict{{Path: "metadata", Type: "Malformed", Message: err.Error()}}, nil
	}
	unknown := append(unknownInMeta, pruning.PruneWithOptions(object.Object, j.schema, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, j.schema)
	defaulting.Default(object.Object, j.schema)
	if err := objectmeta.SetObjectMeta(object.Object, meta); err != nil {
		return nil, err
	}
	found := []verdict{}
	for _, path := range unknown {
		found = append(found, verdict{Path: path, Type: "Unknown", Message: "unknown field"})
	}
	ctx := request.WithNamespace(context.Background(), object.GetNamespace())
	j.strategy.PrepareForCreate(ctx, object)
	return append(found, verdicts(j.strategy.Validate(ctx, object))...), nil
}

func verdicts(errs field.ErrorList) []verdict {
	found := []verdict{}
	for _, err := range errs {
		found = append(found, verdict{Path: err.Field, Type: string(err.Type), Message: err.Detail})
	}
	return found
}
